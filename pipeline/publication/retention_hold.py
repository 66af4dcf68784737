"""Who still waits for an officer's decision about a published wave: what it is decided by is not deleted meanwhile.

A case is open until neither the run nor the last screening before the newest revision leaves it to an officer: what an
officer has decided takes effect with the next run, which needs the photographs once more. An objection is open until it
is decided. Reads outputs, changes and objections of a wave; writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.calendar import Wave
from pipeline.reports.wave_states import left_to_an_officer
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import can_be_opened

#: What cases and objections are decided by; evidence of an open objection is never due.
HELD = frozenset({"photographs", "work"})


@dataclass(frozen=True)
class Waiting:
    """How many cases and objections of a wave are open."""

    cases: int
    objections: int


def waiting(store: Store, wave: Wave) -> Waiting | None:
    """Who waits; None where nobody does. Raises StoreError, UnreadableFileError."""
    found = Waiting(len(_open_cases(store, wave)), _open_objections(store, wave))
    return found if found.cases or found.objections else None


def _open_cases(store: Store, wave: Wave) -> set[str]:
    store.pull(f"waves/{wave.key}/", only=("review.parquet",))
    store.pull(f"published/{wave.key}/", only=("cohort.parquet", "changes.parquet"))
    review, revisions = store.out(wave) / "review.parquet", store.revisions(wave.key)
    asked = files.application_ids(review) if can_be_opened(review) else set()
    if revisions:
        asked |= left_to_an_officer(revisions[-1] / "changes.parquet")
    return asked


def _open_objections(store: Store, wave: Wave) -> int:
    keys = store.keys(f"{store.key(store.landing(wave, 'objections'))}/")
    taken, decided = (
        {key.removesuffix(name) for key in keys if key.endswith(name)} for name in ("/objection.json", "/decision.json")
    )
    return len(taken - decided)
