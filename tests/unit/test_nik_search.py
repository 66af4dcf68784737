"""Rows of a register by the NIKs that are wanted: the same as a join gives, whatever the order and the files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.nik_search import rows_with

COLUMNS = ("nik", "status")
Register = list[list[tuple[int | None, str | None]]]


def files_of(folder: Path, rows: Register, size: int, **options: object) -> list[Path]:
    paths = [folder / f"part-{number}.parquet" for number in range(len(rows))]
    for path, some in zip(paths, rows, strict=True):
        niks, words = pa.array([nik for nik, _ in some], pa.int64()), pa.array([word for _, word in some], pa.string())
        pq.write_table(pa.table({"level": words, "nik": niks, "status": words}), path, row_group_size=size, **options)
    return paths


def joined(paths: list[Path], wanted: list[int]) -> list[tuple[int, str]]:
    """What a join of DuckDB's gives."""
    query = "SELECT nik, status FROM read_parquet($1) WHERE nik IN (SELECT unnest($2::BIGINT[]))"
    return sorted(duckdb.connect().execute(query, [[str(path) for path in paths], wanted]).fetchall(), key=str)


def found(paths: list[Path], wanted: list[int]) -> list[tuple[int, str]] | None:
    rows = rows_with(np.array(sorted(set(wanted)), np.int64), paths, COLUMNS)
    return None if rows is None else sorted(zip(*(rows[name].to_pylist() for name in COLUMNS), strict=True), key=str)


WORDS = st.one_of(st.none(), st.sampled_from(["active", " Active", "left", ""]))


@given(
    st.lists(
        st.lists(st.tuples(st.one_of(st.none(), st.integers(1, 12)), WORDS), min_size=1, max_size=12),
        min_size=1, max_size=3,
    ),
    st.integers(1, 5),
    st.lists(st.integers(1, 14), max_size=9),
    st.booleans(),
)  # fmt: skip
def test_it_finds_what_a_join_finds(
    tmp_path_factory: pytest.TempPathFactory, rows: Register, size: int, wanted: list[int], in_order: bool
) -> None:
    rows = [sorted(some, key=lambda one: one[0] or 0) if in_order else some for some in rows]
    paths = files_of(tmp_path_factory.mktemp("register"), rows, size)
    here = found(paths, wanted)
    assert here is None or here == joined(paths, wanted)


def test_a_sorted_register_is_searched(tmp_path: Path) -> None:
    paths = files_of(tmp_path, [[(11, "active"), (12, "left"), (12, "active")], [(14, None), (15, "active")]], 2)
    assert found(paths, [12, 13, 14]) == [(12, "active"), (12, "left"), (14, None)]


#: Why a register is left to a join: its rows are in no order, or the footers tell too little.
LEFT: list[tuple[str, Register, dict[str, object]]] = [
    ("no order", [[(n, "active") for n in (1, 9, 2, 8, 3, 7)]], {}),
    ("no statistics", [[(11, "active"), (12, "left")]], {"write_statistics": False}),
    ("no NIK in a row group", [[(None, "active"), (12, "left")]], {}),
    ("nobody wanted", [[(21, "active"), (22, "left")]], {}),
]


@pytest.mark.parametrize(("rows", "options"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_another_register_is_left_to_a_join(tmp_path: Path, rows: Register, options: dict[str, object]) -> None:
    assert found(files_of(tmp_path, rows, 1 if len(rows[0]) < 3 else 2, **options), list(range(2, 13))) is None


def test_a_register_of_texts_or_without_a_column_is_left_to_a_join(tmp_path: Path) -> None:
    text, narrow = tmp_path / "text.parquet", tmp_path / "narrow.parquet"
    pq.write_table(pa.table({"nik": ["11", "12"], "status": ["active", "left"]}), text)
    pq.write_table(pa.table({"nik": pa.array([11, 12], pa.int64())}), narrow)
    assert found([text], [11]) is None
    assert found([narrow], [11]) is None


def test_a_damaged_file_is_left_to_the_join_which_names_it(tmp_path: Path) -> None:
    [path] = files_of(tmp_path, [[(n, "active") for n in range(100)]], 100, compression="zstd", use_dictionary=False)
    begin = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    damaged = bytearray(path.read_bytes())
    damaged[begin : begin + 60] = bytes(60)
    path.write_bytes(damaged)
    assert found([path], [11]) is None
