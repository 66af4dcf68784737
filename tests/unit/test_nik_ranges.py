"""The ranges that a register is searched by: every row in one, none in two, and no cut where a NIK is on both sides."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.nik_ranges import Part, parts_by_nik

INTEGERS, TEXT = pa.int64(), pa.string()

#: The NIKs of each file, and the first and last NIK of each part, of at least two rows; none: all at once.
TABLE: list[tuple[list[list[int | None]], list[tuple[int | None, int | None]]]] = [
    ([[11, 12], [13, 14]], [(11, 12), (13, 14)]),
    ([[13, 14], [11, 12]], [(11, 12), (13, 14)]),
    ([[12, 11], [14, 13]], [(11, 12), (13, 14)]),
    ([[11, 12, 13, 14, 15]], [(11, 12), (13, 14), (15, 15)]),
    ([[11, 12, 12, 14, 15]], [(11, 12), (14, 15)]),
    ([[11, 13], [12, 14]], [(11, 12), (13, 14)]),
    ([[11, 12], []], []),
    ([[11, 12], [None, None]], []),
    ([[11]], []),
]


def files_of(folder: Path, niks: list[list[int | None]], *, size: int = 1, statistics: bool = True) -> list[Path]:
    paths = [folder / f"part-{number}.parquet" for number in range(len(niks))]
    for path, values in zip(paths, niks, strict=True):
        table = pa.table({"full_name": ["SITI"] * len(values), "nik": pa.array(values, INTEGERS)})
        pq.write_table(table, path, write_statistics=statistics, row_group_size=size, write_page_index=False)
    return paths


@pytest.fixture(autouse=True)
def _plainly_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """These files are written by Arrow: those that DuckDB may misread are never cut, and have their own test below."""
    monkeypatch.setattr("pipeline.storage.nik_ranges.may_be_misread", lambda path: False)


@pytest.mark.parametrize(("niks", "ranges"), TABLE)
def test_a_register_is_cut_where_no_row_is_on_both_sides(
    tmp_path: Path, niks: list[list[int | None]], ranges: list[tuple[int | None, int | None]]
) -> None:
    paths = files_of(tmp_path, niks)
    parts = parts_by_nik(paths, 2)
    assert [(part.first, part.last) for part in parts] == (ranges or [(None, None)])
    assert {path for part in parts for path in part.paths} == set(paths)


@given(
    st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=8), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 9),
    st.booleans(),
)
def test_every_row_is_in_one_part(
    tmp_path_factory: pytest.TempPathFactory, niks: list[list[int | None]], size: int, rows: int, in_order: bool
) -> None:
    niks = [sorted(one, key=int) if in_order else one for one in niks]  # type: ignore[arg-type]
    paths = files_of(tmp_path_factory.mktemp("register"), niks, size=size)
    parts = parts_by_nik(paths, rows)
    db = duckdb.connect()
    found = [db.execute(f"SELECT nik FROM {part.relation()}").fetchall() for part in parts]
    assert sorted(nik for part in found for (nik,) in part) == sorted(int(nik or 0) for one in niks for nik in one)
    seen = [{nik for (nik,) in part} for part in found]
    assert len(set().union(*seen)) == sum(map(len, seen))


def together(paths: list[Path]) -> list[Part]:
    return [Part(tuple(paths))]


def test_a_register_without_statistics_is_searched_at_once(tmp_path: Path) -> None:
    paths = files_of(tmp_path, [[11, 12], [13, 14]], statistics=False)
    assert parts_by_nik(paths, 1) == together(paths)


def test_niks_as_text_are_searched_at_once(tmp_path: Path) -> None:
    path = tmp_path / "text.parquet"
    pq.write_table(pa.table({"nik": pa.array(["11", "12"], TEXT)}), path, row_group_size=1)
    assert parts_by_nik([path], 1) == together([path])


def test_files_of_other_columns_are_searched_at_once(tmp_path: Path) -> None:
    paths = [*files_of(tmp_path, [[11, 12], [13, 14]]), tmp_path / "more.parquet"]
    pq.write_table(pa.table({"nik": pa.array([21], INTEGERS), "regency_code": ["1101"]}), paths[-1])
    assert parts_by_nik(paths, 1) == together(paths)


def test_a_file_that_cannot_be_read_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    paths = [*files_of(tmp_path, [[11, 12]]), tmp_path / "broken.parquet"]
    paths[-1].write_bytes(b"PAR1")
    assert parts_by_nik(paths, 1) == together(paths)


def test_files_that_would_be_read_whole_for_each_part_are_searched_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.nik_ranges.may_be_misread", lambda path: path.stem == "part-1")
    paths = files_of(tmp_path, [[11, 12], [13, 14]])
    assert parts_by_nik(paths, 1) == together(paths)
