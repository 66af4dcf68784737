"""A thousand hostile files of each format beside five good ones; and many small files in linear time."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain.contracts import REGISTRATIONS
from tests.bench.measure import Measured, measure

NAMES = REGISTRATIONS.names
HEADER = ",".join(NAMES) + "\n"
ROW = "R{n},2020-04-12 10:00:00,3171015505900001,3171010000000001,SITI,1990-05-15,P,0812,ya,a@b.id,ya,31,x.jpg\n"
INGEST = """
import json, sys
from datetime import datetime
from pipeline.domain.calendar import Wave
from pipeline.ingest.registrations import ingest_registrations
from pipeline.storage.paths import Store
wave = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
print(json.dumps(vars(ingest_registrations(Store.at(sys.argv[1]), wave))))
"""
Make = Callable[[random.Random], bytes]


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 50_000))


TEXTS: list[Make] = [
    _noise,
    lambda dice: b"PK\x03\x04" + _noise(dice),
    lambda dice: (HEADER + '"' * 1001 + "x," * 5_000).encode(),
    lambda dice: (HEADER + '"' + "x\n" * 10_000).encode(),
    lambda dice: HEADER.encode() + b"\n" * 50_000,
    lambda dice: HEADER.encode() + b",,,,,,,,,,,,\n" * 10_000,
    lambda dice: HEADER.encode() + b"x" * 2_000_000,
    lambda dice: HEADER.encode() + _noise(dice),
    lambda dice: ",".join(f"c{n}" for n in range(20_000)).encode(),
    lambda dice: (HEADER * 500).encode(),
    lambda dice: HEADER.encode("utf-16")[:-1],
    lambda dice: b"\x00" * 100_000,
]


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _columns(value: pa.Array) -> bytes:
    return _parquet(pa.table(dict.fromkeys(NAMES, value)))


WHOLE = _columns(pa.array(["x"] * 1000))
BOMB = _columns(pa.array(["x" * 2_000_000]))
NESTED = _columns(pa.array([[["x"] * 100]] * 100))
PARQUETS: list[Make] = [
    _noise,
    lambda dice: b"PAR1" + _noise(dice) + b"PAR1",
    lambda dice: WHOLE[: dice.randrange(4, len(WHOLE))],
    lambda dice: WHOLE[: len(WHOLE) // 2] + dice.randbytes(64) + WHOLE[len(WHOLE) // 2 + 64 :],
    lambda dice: BOMB,
    lambda dice: NESTED,
    lambda dice: _parquet(pa.table({"x": [1]})),
    lambda dice: b"",
]
FORMATS: dict[str, tuple[list[Make], Callable[[bytes], bytes]]] = {
    "csv": (TEXTS, bytes),
    "csv.gz": (TEXTS, lambda content: gzip.compress(content, 1)),
    "parquet": (PARQUETS, bytes),
}


def _landing(root: Path) -> Path:
    folder = root / "landing" / "wave-0001" / "registrations"
    folder.mkdir(parents=True)
    return folder


def _ingest(root: Path) -> tuple[dict[str, int], Measured]:
    done = measure([sys.executable, "-c", INGEST, str(root)])
    return json.loads(done.output.splitlines()[-1]), done


@pytest.mark.parametrize("kind", FORMATS)
def test_a_thousand_hostile_files_stay_small_and_stop_no_good_one(tmp_path: Path, kind: str) -> None:
    folder, dice = _landing(tmp_path), random.Random(kind)
    makers, packed = FORMATS[kind]
    for number in range(1000):
        content = packed(makers[number % len(makers)](dice))
        if kind == "csv.gz" and number % 5 == 0:
            content = content[: len(content) * 2 // 3]
        (folder / f"hostile-{number:04d}.{kind}").write_bytes(content)
    for number in range(5):
        lines = "".join(ROW.format(n=number * 100 + line) for line in range(100))
        (folder / f"good-{number}.csv").write_text(HEADER + lines)
    counts, done = _ingest(tmp_path)
    print(f"\n1,000 hostile {kind}: {done}; {counts}")
    record = json.loads((tmp_path / "work" / "wave-0001" / "ingest.json").read_text())
    good = {one["file"]: one["taken_in"] for one in record["files"] if one["file"].startswith("good")}
    assert good == {f"good-{number}.csv": 100 for number in range(5)}
    assert done.peak_mb < 1_000
    assert done.cpu < 30


def test_many_small_files_take_linear_time(tmp_path: Path) -> None:
    taken: dict[int, Measured] = {}
    for count in (5_000, 20_000):
        folder = _landing(tmp_path / str(count))
        for number in range(count):
            (folder / f"{number:06d}.csv").write_text(HEADER + ROW.format(n=number))
        counts, taken[count] = _ingest(tmp_path / str(count))
        print(f"\n{count:,} small files: {taken[count]}")
        assert counts["taken_in"] == count
    assert taken[20_000].cpu < 5 * taken[5_000].cpu
