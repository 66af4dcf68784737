"""Screening beside a bare scan of the same columns and the same joins elsewhere; the draw beside sorting in polars.

Wave 1 had 5,965,048 registrations on 270 million people: 22 in a thousand. The default is that proportion on ten
million people; ``GELOMBANG_BENCH_PEOPLE=10000000,50000000,270000000`` shows the growth, and needs 12 GB of disk. With
``GELOMBANG_BENCH_FIGURES=figures.csv`` the figures are appended there, for ``tools/growth_plot.py``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.bench.measure import Measured, measure

GELOMBANG = str(Path(sys.executable).with_name("gelombang"))
PEOPLE = [int(n) for n in os.environ.get("GELOMBANG_BENCH_PEOPLE", "10000000").split(",")]
#: The largest country that pandas is asked to hold: about 300 bytes a person.
PANDAS_HOLDS = 12_000_000
FIGURES = os.environ.get("GELOMBANG_BENCH_FIGURES")
DRAWN = int(os.environ.get("GELOMBANG_BENCH_DRAWN", "1000000"))

#: Everyone eligible: the draw at its largest. The column `draw` is there for the peer, which cannot hash.
ELIGIBLE = """
import duckdb, sys
duckdb.execute(f'''COPY (
    SELECT printf('R%09d', i) AS registration_id, '' AS nik, 'BUDI' AS full_name, '31' AS province_code, 'L' AS sex,
        30::SMALLINT AS age, 0::BIGINT AS mask, 0::BIGINT AS warned,
        CASE WHEN i % 4 = 0 THEN 'priority' ELSE 'public' END AS tier, sha256('seed:' || printf('R%09d', i)) AS draw,
        printf('%09d.jpg', i) AS selfie, printf('%09d.jpg', i) AS reference
    FROM range({sys.argv[1]}) t(i) ORDER BY hash(i)) TO '{sys.argv[2]}' (FORMAT parquet)''')
"""
#: The peer of the draw: sort and write, without lists, hashes or a tree over them.
SORTED = """
import polars as pl, sys
table = pl.read_parquet(sys.argv[1]).sort('tier', 'draw', 'registration_id').with_row_index('position', 1)
table.write_parquet(sys.argv[1] + '.sorted', compression='lz4')
"""


def step(name: str, data: Path) -> Measured:
    """One step in a process of its own."""
    return measure([sys.executable, "-m", "tests.bench.selection_steps", name, str(data)])


@pytest.mark.parametrize("people", PEOPLE)
def test_screening(people: int, tmp_path: Path) -> None:
    data = tmp_path / "data"
    registrations = people * 5_965_048 // 270_000_000
    options = f"--preset national --wave 1 --registrations {registrations} --population {people} --photos none"
    made = measure([GELOMBANG, "simulate", str(data), *options.split(), "--quota", "1000", "--seed", "3"])
    print(f"\n{registrations:,} registrations of {people:,} people, simulated: {made}")
    step("ingest", data)
    found = {name: step(name, data) for name in ("scan", "screen", "polars")}
    if people <= PANDAS_HOLDS:
        found["pandas"] = step("pandas", data)
    if FIGURES:
        with Path(FIGURES).open("a", encoding="utf-8") as file:
            file.writelines(f"{people},{name},{m.wall:.1f},{m.cpu:.1f},{m.peak_mb:.0f}\n" for name, m in found.items())
    for name, measured in found.items():
        times, memory = measured.cpu / found["scan"].cpu, measured.peak_mb / found["screen"].peak_mb
        print(f"{name:8} {measured}   {times:5.2f} × the scan's CPU, {memory:5.2f} × screening's memory")
    assert found["screen"].peak_mb < 3_000
    # layers 1 to 3 whole, against joins alone: still the cheaper of the two in CPU or in memory
    assert found["screen"].cpu < found["polars"].cpu or found["screen"].peak_mb < found["polars"].peak_mb
    if people >= 100_000_000:  # in a small country most of the memory is the program itself
        assert 3 * found["screen"].peak_mb <= found["polars"].peak_mb
    assert found["screen"].cpu <= 2 * found["scan"].cpu


def test_the_draw(tmp_path: Path) -> None:
    data = tmp_path / "data"
    work = data / "work" / "wave-0001"
    work.mkdir(parents=True)
    measure([sys.executable, "-c", ELIGIBLE, str(DRAWN), str(work / "screened.parquet")])
    ours = step("draw", data)
    peer = measure([sys.executable, "-c", SORTED, str(work / "screened.parquet")])
    print(f"\nthe draw of {DRAWN:,}, with both lists, their hashes and the tree: {ours}")
    print(f"polars, sort and write alone:                               {peer}")
    print(f"{ours.cpu / peer.cpu:.2f} × its CPU, {ours.peak_mb / peer.peak_mb:.2f} × its memory")
    assert ours.peak_mb < 2_000
