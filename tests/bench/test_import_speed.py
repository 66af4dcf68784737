"""`gelombang import` of a population register beside DuckDB's own reader and sort, which types and checks nothing.

``GELOMBANG_BENCH_IMPORTED`` people (a million by default; the country has 270 million).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

from tests.bench.measure import Measured, measure

GELOMBANG = str(Path(sys.executable).with_name("gelombang"))
IMPORTED = int(os.environ.get("GELOMBANG_BENCH_IMPORTED", "1000000"))
#: As a register writes them: in no order, some with a quoted name.
PEOPLE = """SELECT
    1100000000000000 + (i * 7919) % 8000000000000000 AS "NIK", 1100000000000000 + i // 4 AS "KK",
    'NAMA ' || hash(i)::VARCHAR AS "Full Name", DATE '1950-01-01' + (i % 20000)::INTEGER AS "Birth Date",
    ['L', 'P'][1 + i % 2] AS "Sex", 'WNI' AS "Citizenship", i % 97 <> 0 AS "Alive",
    ['PETANI/PEKEBUN', 'WIRASWASTA', 'PEGAWAI NEGERI SIPIL (PNS)', 'TENTARA NASIONAL INDONESIA (TNI)',
     'KEPOLISIAN RI (POLRI)', 'PELAJAR/MAHASISWA', 'MENGURUS RUMAH TANGGA'][1 + i % 7] AS "Occupation",
    11 + i % 80 AS "Province Code", '' AS "Photo"
    FROM range($n) t(i) ORDER BY hash(i)"""


def peer(source: Path, folder: Path) -> Measured:
    """The same file read, sorted and written by DuckDB alone."""
    script = (
        "import duckdb; db = duckdb.connect(config={'memory_limit': '2000MB', 'temp_directory': "
        f"'{folder}/spill', 'preserve_insertion_order': False}}); "
        f"db.execute(\"COPY (FROM read_csv('{source}') ORDER BY NIK) TO '{folder}/peer.parquet' (COMPRESSION zstd)\")"
    )
    return measure([sys.executable, "-c", script])


def test_an_import_costs_a_few_times_what_reading_and_sorting_does(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    people = PEOPLE.replace("$n", str(IMPORTED))
    duckdb.connect(config={"temp_directory": str(tmp_path / "spill")}).execute(f"COPY ({people}) TO '{source}'")
    (tmp_path / "data").mkdir()
    asked = ["import", "population", str(source), "--asof", "2020-04-10", "--data", str(tmp_path / "data")]
    ours, theirs = measure([GELOMBANG, *asked]), peer(source, tmp_path)
    print(f"import       {ours}\nduckdb alone {theirs}")
    print(f"{IMPORTED:,} people, {source.stat().st_size / 1e9:.1f} GB: {IMPORTED / ours.wall:,.0f} rows a second")
    assert ours.cpu < 20 * theirs.cpu
    assert ours.peak_mb < 4_000
