"""`gelombang import` of a population register beside DuckDB's own reader and sort, which types and checks nothing.

``GELOMBANG_BENCH_IMPORTED`` people (a million by default; the country has 270 million). What an import costs whatever
its size (Python's imports, the judge of the checks) is measured in the same run and taken off.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tests.bench.measure import Measured, measure

GELOMBANG = str(Path(sys.executable).with_name("gelombang"))
IMPORTED = int(os.environ.get("GELOMBANG_BENCH_IMPORTED", "1000000"))
FEW = 1000
#: As a register writes them: in no order, with quotes around what is empty, and in one line of ``$odd`` inside a name.
PEOPLE = """SELECT
    1100000000000000 + (i * 7919) % 8000000000000000 AS "NIK", 1100000000000000 + i // 4 AS "KK",
    CASE WHEN i % $odd = 1 THEN 'SITI "NUR" ' ELSE 'NAMA ' END || hash(i)::VARCHAR AS "Full Name",
    DATE '1950-01-01' + (i % 20000)::INTEGER AS "Birth Date",
    ['L', 'P'][1 + i % 2] AS "Sex", 'WNI' AS "Citizenship", i % 97 <> 0 AS "Alive",
    ['PETANI/PEKEBUN', 'WIRASWASTA', 'PEGAWAI NEGERI SIPIL (PNS)', 'TENTARA NASIONAL INDONESIA (TNI)',
     'KEPOLISIAN RI (POLRI)', 'PELAJAR/MAHASISWA', 'MENGURUS RUMAH TANGGA'][1 + i % 7] AS "Occupation",
    11 + i % 80 AS "Province Code", '' AS "Photo"
    FROM range($n) t(i) ORDER BY hash(i)"""
ODD = 20_000


def register(path: Path, people: int) -> Path:
    """A CSV of so many people who do not exist."""
    query = PEOPLE.replace("$n", str(people)).replace("$odd", str(ODD))
    with duckdb.connect(config={"memory_limit": "1500MB", "temp_directory": str(path.parent / "spill")}) as db:
        db.execute(f"COPY ({query}) TO '{path}'")
    return path


def imported(source: Path, data: Path) -> Measured:
    """The command, on a data root of its own."""
    data.mkdir()
    return measure([GELOMBANG, "import", "population", str(source), "--asof", "2020-04-10", "--data", str(data)])


def peer(source: Path, folder: Path) -> Measured:
    """The same file read, sorted and written by DuckDB alone."""
    script = (
        "import duckdb; db = duckdb.connect(config={'memory_limit': '2000MB', 'temp_directory': "
        f"'{folder}/spill', 'preserve_insertion_order': False}}); "
        f"db.execute(\"COPY (FROM read_csv('{source}') ORDER BY NIK) TO '{folder}/peer.parquet' (COMPRESSION zstd)\")"
    )
    return measure([sys.executable, "-c", script])


@contextmanager
def room_taken(folder: Path) -> Iterator[list[int]]:
    """The most bytes that stand below a folder meanwhile, asked for twice a second."""
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            most[0] = max(most[0], sum(size(path) for path in folder.rglob("*")))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield most
    ended.set()
    watcher.join()


def size(path: Path) -> int:
    """What a file takes on the disk; nothing where it is gone already."""
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


def test_an_import_costs_hardly_more_than_reading_and_sorting(tmp_path: Path) -> None:
    source = register(tmp_path / "people.csv", IMPORTED)
    least = imported(register(tmp_path / "few.csv", FEW), tmp_path / "few")
    with room_taken(tmp_path / "data") as room:
        ours = imported(source, tmp_path / "data")
    theirs = peer(source, tmp_path)
    [delivery] = (tmp_path / "data" / "extracts").rglob("*.parquet")
    print(f"{FEW:,} people    {least}\nimport          {ours}\nduckdb alone    {theirs}")
    print(
        f"{IMPORTED:,} people, {source.stat().st_size / 1e9:.2f} GB; {delivery.stat().st_size / 1e9:.2f} GB delivered"
    )
    print(f"{room[0] / delivery.stat().st_size:.1f} times the room of the delivery was taken below the data root")
    each = (ours.cpu - least.cpu) / IMPORTED
    print(f"{each * 1e6:.1f} CPU microseconds a person, {(ours.cpu - least.cpu) / theirs.cpu:.2f} times DuckDB's")
    assert ours.cpu - least.cpu < 4 * theirs.cpu
    assert ours.peak_mb < 2_000
