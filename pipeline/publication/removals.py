"""How many places a publication takes away: a few are normal, many mean a bad extract, lost photographs or an attack.

The last screening takes people out of a cohort that was approved with them; a newer result may leave out people who
hold a place by the revision before. Beyond a limit the person who publishes is asked again, and repeats the number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.errors import ManyRemovedError
from pipeline.domain.settings import settings
from pipeline.publication.rescreen import Rescreened
from pipeline.publication.taken_out import decided_about
from pipeline.storage import files
from pipeline.wave_run.plan import Plan


def agreed(run: Plan, screened: Rescreened, cohorts: Collection[Path], removing: int | None) -> set[str]:
    """The people of these cohorts (of the run, and of the revision before) who have no place after the last screening.

    Raises ManyRemovedError where they are many and ``removing`` is not their number.
    """
    holders = set[str]().union(*map(files.application_ids, cohorts))
    gone = holders - files.application_ids(screened.cohort)
    limits = settings().publication
    many = len(gone) > limits.max_removed_rows and len(gone) > limits.max_removed_share * len(holders)
    if removing == len(gone) or (removing is None and not many):
        return gone
    why = ", ".join(f"{code} {count:,}" for code, count in _reasons(run, screened, gone))
    said = f"; {removing:,} was said" if removing is not None else ""
    also = " or hold a place already" if len(cohorts) > 1 else ""
    raise ManyRemovedError(
        f"The publication takes the places of {len(gone):,} of the {len(holders):,} people of wave {run.wave.number} "
        f"who are approved{also}{said}. Reasons: {why or 'none'}."
    )


def _reasons(run: Plan, screened: Rescreened, gone: set[str]) -> list[tuple[str, int]]:
    """How often each reason was given, the commonest first; somebody may have several. The reasons are the last
    screening's; the run's own for people whom the run left out."""
    wanted = pc.field("registration_id").isin(pa.array(sorted(gone), pa.string()))
    decisions = run.store.out(run.wave) / "decisions.parquet"
    rows = files.read_table(decisions, ["registration_id", "reasons"], wanted).to_pylist()
    rows += decided_about(screened, gone).to_pylist()
    given = {row["registration_id"]: row["reasons"] for row in rows}
    counts = Counter(code for id_ in gone for code in given.get(id_) or ["no reason"])
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
