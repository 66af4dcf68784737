"""Quotas by area in the tables of a draw: which rows of a line have a place. The arithmetic is ``seats.py``.

A line is a relation with ``registration_id``, ``position``, ``tier`` and ``area``. The area is the province of the
population register, or the regency where it has a share, where the KTP has its domicile, as screening wrote it; null:
the register has none.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.domain.calendar import Wave
from pipeline.draw.seats import AreaSeats, allocate_by_area
from pipeline.storage import duckdb_sql

#: Published with the list: the area of each id on it that has one.
AREAS = "areas.csv"


def area_seats(db: duckdb.DuckDBPyConnection, wave: Wave, line: str) -> AreaSeats:
    """The places of the people of a line."""
    query = f"SELECT area, tier, count(*) FROM {line} GROUP BY ALL"
    return allocate_by_area(wave, {(area, tier): n for area, tier, n in db.execute(query).fetchall()})


def seated(seats: AreaSeats, line: str, *, more: int = 0) -> str:
    """A query: ``registration_id`` and ``position`` of the people of a line who have a place, or would have one with so
    many more."""
    rows = [
        f"('{code}', '{tier}', {places})"
        for code, own in seats.own.items()
        for tier, places in (("priority", own.priority), ("public", own.public))
    ]
    holes: dict[str, duckdb_sql.Value] = {"{line}": line, "$more": more}
    holes |= {"{own}": f"SELECT * FROM (VALUES {', '.join(rows)}) AS t(area, tier, places)"}
    holes |= {"$priority": seats.rest.priority, "$public": seats.rest.public}
    return duckdb_sql.sql("pipeline.draw", "sql/seated", holes)


def publish_areas(db: duckdb.DuckDBPyConnection, wave: Wave, screened: str, path: Path) -> None:
    """Writes the area of everyone eligible who is of one that the calendar names, sorted by the id."""
    codes = ", ".join(f"'{code}'" for code, _ in wave.areas)
    query = f"""SELECT registration_id, area FROM read_parquet({screened})
                WHERE mask = 0 AND area IN ({codes}) ORDER BY registration_id"""
    duckdb_sql.copy_csv(db, query, path)
