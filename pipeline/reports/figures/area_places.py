"""Places of a wave with quotas by area: the places kept for each area, and how many of its people hold a place."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.calendar import Wave
from pipeline.reports.figures.query import Query
from pipeline.reports.small_cells.suppress import Row, merge, small
from pipeline.storage import duckdb_sql

#: People of areas that the calendar does not name.
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class AreaPlaces:
    """An area, or several merged ones: places kept for it, people in the draw, and how many of them hold a place."""

    keys: tuple[str, ...]
    kept: int
    people: int
    accepted: int


class _People(NamedTuple):
    """People of an area's draw: with a place, and without."""

    placed: int
    others: int


def _parts(sums: dict[str, _People], divided: set[str]) -> list[Row]:
    """The lines. Regencies and the rest of their province stand apart only where all have counts that may be shown:
    other tables have the whole province, from which the others could be taken away."""
    rows: list[Row] = []
    for code, counts in sums.items():
        province = code[:2]
        parts = [other for other in sums if other[:2] == province]
        if province not in divided or not any(small(n) for part in parts for n in sums[part]):
            rows.append(Row((code,), counts))
        elif code == province:  # it stands before its regencies
            rows.append(Row(tuple(parts), tuple(map(sum, zip(*(sums[part] for part in parts), strict=True)))))
    return rows


def area_places(wave: Wave, query: Query, drawn: Path) -> list[AreaPlaces] | None:
    """One line an area; None for a wave without quotas by area, or where small counts forbid any division."""
    if not wave.areas:
        return None
    counted = query.connection.execute(
        f"""SELECT coalesce(area, ''), count_if(outcome = 'accepted'), count_if(outcome <> 'accepted')
            FROM applications JOIN read_parquet('{duckdb_sql.quoted(drawn)}') USING (registration_id) GROUP BY 1"""
    ).fetchall()
    kept = {code: int(wave.quota * Fraction(str(share))) for code, share in wave.areas}
    divided = {code[:2] for code in wave.regencies}
    sums = {code: _People(0, 0) for code in (*sorted(kept.keys() | divided), ELSEWHERE)}
    for area, placed, others in counted:
        code = area if area in sums else ELSEWHERE
        sums[code] = _People(sums[code].placed + placed, sums[code].others + others)
    merged = merge(_parts(sums, divided), in_order=False)
    if merged is None:
        return None
    return [
        AreaPlaces(row.keys, sum(kept.get(key, 0) for key in row.keys), row.total, _People(*row.counts).placed)
        for row in merged
    ]
