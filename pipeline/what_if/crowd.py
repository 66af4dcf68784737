"""Who takes part in a draw: counts by combination of groups, and single people where their family card could be full.

Reads a finished wave's ``decisions.parquet`` and the ``registrations.parquet`` of its work; holds no id and no name.
The result of a photograph that was looked at is known; for the others the share that passes is estimated
(:func:`pass_rates`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.domain import reasons
from pipeline.reports.figures.query import Query
from pipeline.screening.rulebook import recipients_per_kk
from pipeline.storage import duckdb_sql
from pipeline.what_if.question import Question, Terms, bit_of

Counts = npt.NDArray[np.int64]


class Cell(NamedTuple):
    """A combination of groups, and the area by which places are given."""

    province: str
    sex: str
    age: str
    tier: str
    area: str


GROUPS = ("province", "sex", "age", "tier")
PHOTOS = ("passed", "unknown", "failed")
PASSED, UNKNOWN, FAILED = range(len(PHOTOS))
#: The share of a group is used only if it has at least this many photographs.
_ENOUGH = 30


@dataclass(frozen=True)
class Crowd:
    """Everybody in one draw. ``free``: people by photograph (rows, as PHOTOS) and cell (columns). ``cell``, ``photo``
    and ``family``: of each person whose card could be full; ``places``: what is left on each of these cards.
    """

    cells: list[Cell]
    free: Counts
    cell: Counts
    photo: Counts
    family: Counts
    places: Counts
    rate: npt.NDArray[np.float64]

    @property
    def people(self) -> Counts:
        """Everybody by cell."""
        return np.asarray(self.free.sum(axis=0) + np.bincount(self.cell, minlength=len(self.cells)))

    @property
    def listed(self) -> npt.NDArray[np.bool_]:
        """Which cells are of the tier that comes first."""
        return np.array([cell.tier == "priority" for cell in self.cells], dtype=bool)


@dataclass(frozen=True)
class Counted:
    """The counts from the tables: cells, the two crowds, how often each combination of reasons occurs.

    ``families_known``: whether it is known who shares a card; otherwise people who were refused for it stay refused.
    """

    rows: list[dict[str, Any]]
    as_run: Crowd
    asked: Crowd
    masks: dict[int, int]
    families_known: bool
    verified: int


def count(
    query: Query,
    question: Question,
    registrations: Path | None,
    screened: Path | None,
    areas: Path | None = None,
) -> Counted:
    """Counts a finished wave. ``screened``: the wave screened once more, with the rules that were not in force.
    ``areas``: the ``areas.csv`` of a wave with quotas by area."""
    db = query.connection
    _define(db, question, screened, areas)
    masks = dict(db.execute(duckdb_sql.sql("pipeline.what_if", "sql/masks")).fetchall())
    as_run, asked = question.as_run, question.asked
    known = registrations is not None or not (as_run.families or asked.families)
    bits = {"$as_run": _mask(as_run, families_known=known), "$asked": _mask(asked, families_known=known)}
    rows = _rows(db, duckdb_sql.sql("pipeline.what_if", "sql/cells", bits))
    rates = pass_rates(rows)
    screened_by = as_run.mask | sum(bit_of(rule.code) for rule in question.again if rule.code != "kk_limit")
    sides = ((as_run, "in_run"), (asked, "in_asked"))
    first, second = (
        _crowd(
            db, terms, [row for row in rows if row[side]], rates, screened_by=screened_by, registrations=registrations
        )
        for terms, side in sides
    )
    verified = sum(row["n"] for row in rows if row["photo"] != "unknown")
    return Counted(rows, first, second, masks, known, verified)


def _mask(terms: Terms, *, families_known: bool) -> int:
    return terms.mask | (bit_of("kk_limit") if terms.families and not families_known else 0)


def _define(db: duckdb.DuckDBPyConnection, question: Question, screened: Path | None, areas: Path | None) -> None:
    """The view ``asked``: masks from the reasons decided, or from the screening done again."""
    warned = [code for code in question.added if code not in reasons.codes()]
    holes: dict[str, duckdb_sql.Value] = {
        "{warned}": "".join(f" | CASE WHEN list_contains(warnings, '{c}') THEN {bit_of(c)} ELSE 0 END" for c in warned),
        "{without_selfies}": str(question.wave.selfie == "off").lower(),
        **_area(question, areas),
    }
    if screened is not None:
        holes |= {"{masked_by}": "registration_id"}
        holes |= {"{masks}": f"(SELECT registration_id, mask FROM read_parquet('{duckdb_sql.quoted(screened)}'))"}
    else:
        found = [codes for (codes,) in db.execute("SELECT DISTINCT reasons FROM applications").fetchall()]
        of_screening = {code for layer in reasons.LAYERS if layer != "selfie" for code in reasons.codes(layer)}
        taken = of_screening - {"shared_nik"}  # it is found only among people who would be placed
        bits = [sum(bit_of(code) for code in codes if code in taken) for codes in found]
        table = pa.table({"reasons": pa.array(found, pa.list_(pa.string())), "mask": pa.array(bits, pa.int64())})
        db.register("masks_found", table)
        db.execute("CREATE TEMP TABLE masks_of AS FROM masks_found")
        db.unregister("masks_found")
        holes |= {"{masks}": "masks_of", "{masked_by}": "reasons"}
    duckdb_sql.run(db, "pipeline.what_if", "sql/asked", holes)


def _area(question: Question, areas: Path | None) -> dict[str, duckdb_sql.Value]:
    """SQL for the area of an application: what the draw had, else the province that the applicant wrote; '' is none."""
    codes = sorted({code for terms in (question.as_run, question.asked) for code, _ in terms.areas})
    if not codes:
        return {"{area}": "''", "{areas}": ""}
    named = f"""('{"', '".join(codes)}')"""
    written = f"CASE WHEN province_code IN {named} THEN province_code ELSE '' END"
    if areas is None:
        return {"{area}": written, "{areas}": ""}
    had = f"""('{"', '".join(code for code, _ in question.as_run.areas)}')"""
    listed = f"m.mask & {question.as_run.mask} = 0 AND province_code IN {had}"  # where the draw had another area
    known = f"read_csv('{duckdb_sql.quoted(areas)}', header = true, all_varchar = true)"
    return {
        "{area}": f"CASE WHEN d.area IN {named} THEN d.area WHEN {listed} THEN '' ELSE {written} END",
        "{areas}": f"LEFT JOIN {known} d USING (registration_id)",
    }


def pass_rates(rows: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """The share of photographs that passed, by sex and age band: of the wave's own verdicts. Where a group has too few
    of them that of its sex counts, and then that of all; where none was looked at, everybody passes."""
    seen: dict[str, Counter[tuple[str, ...]]] = {photo: Counter() for photo in PHOTOS}
    for row in rows:
        if row["in_run"]:
            for key in ((row["sex"], row["age"]), (row["sex"],), ()):
                seen[row["photo"]][key] += row["n"]

    def rate(*keys: tuple[str, ...]) -> float:
        for key in keys:
            passed, failed = seen["passed"][key], seen["failed"][key]
            if passed + failed >= (_ENOUGH if key else 1):
                return passed / (passed + failed)
        return 1.0

    return {(r["sex"], r["age"]): rate((r["sex"], r["age"]), (r["sex"],), ()) for r in rows}


def _crowd(
    db: duckdb.DuckDBPyConnection,
    terms: Terms,
    rows: list[dict[str, Any]],
    rates: dict[tuple[str, str], float],
    *,
    screened_by: int,
    registrations: Path | None,
) -> Crowd:
    cells: list[Cell] = sorted({_cell(row) for row in rows})
    index = {cell: n for n, cell in enumerate(cells)}
    free = np.zeros((len(PHOTOS), len(cells)), dtype=np.int64)
    for row in rows:
        free[PHOTOS.index(row["photo"]), index[_cell(row)]] += row["n"]
    members: list[dict[str, Any]] = []
    if terms.families and registrations is not None:
        holes: dict[str, duckdb_sql.Value] = {
            "$screened": screened_by,
            "$asked": terms.mask,
            "$full": bit_of("kk_limit"),
        }
        holes |= {"$limit": recipients_per_kk()}
        holes |= {"{registrations}": f"read_parquet('{duckdb_sql.quoted(registrations)}')"}
        members = _rows(db, duckdb_sql.sql("pipeline.what_if", "sql/families", holes))
    cell = np.array([index[_cell(row)] for row in members], dtype=np.int64)
    photo = np.array([PHOTOS.index(row["photo"]) for row in members], dtype=np.int64)
    np.subtract.at(free, (photo, cell), 1)
    family = np.array([row["family"] for row in members], dtype=np.int64)
    places = np.zeros(int(family.max()) + 1 if members else 0, dtype=np.int64)
    places[family] = [row["places"] for row in members]
    rate = np.array([rates[c.sex, c.age] for c in cells], dtype=np.float64)
    return Crowd(cells, free, cell, photo, family, places, rate)


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(**{name: row[name] for name in Cell._fields})


def _rows(db: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    with duckdb_sql.errors_named(text):
        cursor = db.execute(text)
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
