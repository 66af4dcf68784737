"""How many of an approved cohort the last screening takes out: a few are normal, many mean a bad extract or an attack.

The cohort was not approved without them. So beyond a limit the person who publishes is asked again, and repeats the
number.
"""

from __future__ import annotations

from collections import Counter

from pipeline.domain.errors import ManyRemovedError
from pipeline.domain.settings import settings
from pipeline.publication.rescreen import Rescreened
from pipeline.publication.taken_out import decided_about, taken_out
from pipeline.storage import files
from pipeline.wave_run.plan import Plan


def agreed(run: Plan, screened: Rescreened, removing: int | None) -> None:
    """Raises ManyRemovedError where many are taken out and ``removing`` is not their number."""
    cohort = run.store.out(run.wave) / "cohort.parquet"
    approved, gone = len(files.application_ids(cohort)), taken_out(screened, cohort)
    limits = settings().publication
    many = len(gone) > limits.max_removed_rows and len(gone) > limits.max_removed_share * approved
    if removing == len(gone) or (removing is None and not many):
        return
    why = ", ".join(f"{code} {count:,}" for code, count in _reasons(screened, gone))
    said = f"; {removing:,} was said" if removing is not None else ""
    raise ManyRemovedError(
        f"The last screening takes {len(gone):,} of the {approved:,} approved people of wave {run.wave.number} "
        f"out{said}. Reasons: {why or 'none'}."
    )


def _reasons(screened: Rescreened, gone: set[str]) -> list[tuple[str, int]]:
    """How often each reason was given, the commonest first; somebody may have several."""
    given = {row["registration_id"]: row["reasons"] for row in decided_about(screened, gone).to_pylist()}
    counts = Counter(code for id_ in gone for code in given.get(id_) or ["no reason"])
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
