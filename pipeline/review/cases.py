"""The cases that a reviewer of a wave sees: those under review, and those that reviewers settled before.

Reads ``review.parquet`` and ``decisions.parquet`` of a finished wave, and ``review.parquet`` of its last screening
before publication, which may leave an approved person to a reviewer. A case that the last run took in stays, as long as
the run's own tables are there, so that a reviewer can still correct a decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.reasons import DEFECTS
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.storage import files
from pipeline.storage.paths import LAST_SCREENING, Store


@dataclass(frozen=True)
class Case:
    """One pair of photographs; ``number`` counts from 1 in order of registration_id."""

    number: int
    registration_id: str
    reasons: list[str]
    warnings: list[str]
    similarity: float | None
    scores: dict[str, float | None]
    faces: int | None
    selfie: str | None
    reference: str | None
    others: list[dict[str, Any]] = field(default_factory=list)
    card: str | None = None
    card_face: float | None = None
    #: Only where there is a card to compare it with; never in a log.
    nik: str | None = field(default=None, repr=False)


def read_cases(store: Store, wave: Wave) -> list[Case]:
    """Every case of the wave, in order."""
    out = store.out(wave)
    open_ = files.read_table(out / "review.parquet")
    found = [*_settled(store, wave), *_of_the_last_screening(store, wave), *open_.to_pylist()]
    rows = {row["registration_id"]: row for row in found}
    wanted = pc.field("registration_id").isin(pa.array(sorted(rows), pa.string()))
    table = files.read_table(out / "decisions.parquet", ["registration_id", "warnings", "nik"], wanted)
    decided = {row["registration_id"]: row for row in table.to_pylist()}
    return [_case(n, rows[id_], decided.get(id_, {})) for n, id_ in enumerate(sorted(rows), start=1)]


def _case(number: int, row: dict[str, Any], decided: dict[str, Any]) -> Case:
    scores = {defect: row[defect] for defect in DEFECTS}
    kept = {name: row[name] for name in ("registration_id", "reasons", "similarity", "faces", "selfie", "reference")}
    later: dict[str, Any] = {
        "others": row.get("others") or [],
        "card": row.get("card"),
        "card_face": row.get("card_face"),
    }  # columns that an older wave does not have
    if later["card"] not in (None, "missing"):
        later["nik"] = decided.get("nik")
    return Case(number=number, warnings=decided.get("warnings") or [], scores=scores, **later, **kept)


def _of_the_last_screening(store: Store, wave: Wave) -> list[dict[str, Any]]:
    """Cases of people whom the run accepted; those of the reserve wait for the next wave as before."""
    last = store.aside(LAST_SCREENING).work(wave) / "out" / "review.parquet"
    if not last.is_file():
        return []
    accepted = files.application_ids(store.out(wave) / "cohort.parquet")
    return _rows(last, None, pa.array(sorted(accepted), pa.string()))


def _settled(store: Store, wave: Wave) -> list[dict[str, Any]]:
    """Cases that reviewers had settled when the wave was last run."""
    decisions = files.read_table(store.out(wave) / "decisions.parquet", ["registration_id"], pc.field("reviewed"))
    work = store.work(wave)
    verdicts = sorted((work / "verdicts").glob("*.parquet"))
    if not decisions.num_rows or not verdicts or not (work / "drawn.parquet").is_file():
        return []
    wanted = decisions["registration_id"].combine_chunks()
    drawn = _rows(work / "drawn.parquet", ["registration_id", "selfie", "reference"], wanted)
    seen = [row for path in verdicts for row in _rows(path, None, wanted)]
    photographs = {row["registration_id"]: row for row in drawn}
    shared = {row["registration_id"]: row for row in _rows(work / SAME_PERSON, None, wanted)}
    return [_joined(row, photographs[row["registration_id"]], shared.get(row["registration_id"], {})) for row in seen]


def _joined(verdict: dict[str, Any], photographs: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A settled case as review.parquet had it while it was open."""
    reasons = [*verdict["reasons"], *shared.get("reasons", [])]
    return {**verdict, **photographs, "reasons": reasons, "others": shared.get("others")}


def _rows(path: Path, columns: list[str] | None, wanted: pa.Array) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    table = files.read_table(path, columns)
    return list(table.filter(pc.is_in(table["registration_id"], wanted)).to_pylist())
