"""Which files of a register are searched one after the other: those that no NIK of another can be in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.storage.nik_ranges import parts_by_nik

INTEGERS, TEXT = pa.int64(), pa.string()

#: The NIKs of each file, how they are delivered, and whether each file is searched alone.
TABLE = [
    ([[11, 12], [13, 14]], INTEGERS, True),
    ([[13, 14], [11, 12]], INTEGERS, True),
    ([[12, 11], [14, 13]], INTEGERS, True),
    ([[11, 13], [12, 14]], INTEGERS, False),
    ([[11, 12], [12, 14]], INTEGERS, False),
    ([[11, 12], []], INTEGERS, False),
    ([[11, 12], [None, None]], INTEGERS, False),
    ([["11", "12"], ["13", "14"]], TEXT, False),
    ([[11, 12]], INTEGERS, True),
]


def files_of(tmp_path: Path, niks: list[list[object]], kind: pa.DataType, *, statistics: bool = True) -> list[Path]:
    paths = [tmp_path / f"part-{number}.parquet" for number in range(len(niks))]
    for path, values in zip(paths, niks, strict=True):
        table = pa.table({"full_name": ["SITI"] * len(values), "nik": pa.array(values, kind)})
        pq.write_table(table, path, write_statistics=statistics, row_group_size=1)
    return paths


@pytest.mark.parametrize(("niks", "kind", "alone"), TABLE)
def test_files_are_searched_alone_where_their_ranges_do_not_meet(
    tmp_path: Path, niks: list[list[object]], kind: pa.DataType, alone: bool
) -> None:
    paths = files_of(tmp_path, niks, kind)
    assert parts_by_nik(paths) == ([[path] for path in paths] if alone else [paths])


def test_files_without_statistics_are_searched_at_once(tmp_path: Path) -> None:
    paths = files_of(tmp_path, [[11, 12], [13, 14]], INTEGERS, statistics=False)
    assert parts_by_nik(paths) == [paths]


def test_files_of_other_columns_are_searched_at_once(tmp_path: Path) -> None:
    paths = files_of(tmp_path, [[11, 12], [13, 14]], INTEGERS)
    pq.write_table(pa.table({"nik": pa.array([21], INTEGERS), "regency_code": ["1101"]}), tmp_path / "more.parquet")
    assert parts_by_nik([*paths, tmp_path / "more.parquet"]) == [[*paths, tmp_path / "more.parquet"]]


def test_a_file_that_cannot_be_read_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    paths = files_of(tmp_path, [[11, 12]], INTEGERS)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert parts_by_nik([*paths, tmp_path / "broken.parquet"]) == [[*paths, tmp_path / "broken.parquet"]]
