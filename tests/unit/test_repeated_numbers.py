"""NIKs that stand more than once, and numbers in their order: against plain Python."""

from __future__ import annotations

from collections import Counter

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screening.repeated_numbers import each_once, keep, repeated, sorted_numbers


def made(numbers: list[int]) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.register("given", pa.table({"number": pa.array(numbers, pa.int64())}))
    db.execute("CREATE TABLE applicants AS FROM given")
    return db


def numbers_of(db: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    return [number for (number,) in db.execute(f"SELECT number FROM {table}").fetchall()]


@pytest.mark.parametrize("numbers", [[], [7], [7, 7], [7, 7, 7], [0, -1, 9, 0]])
def test_examples(numbers: list[int]) -> None:
    db = made(numbers)
    keep(db, "again", repeated(sorted_numbers(db, "applicants")))
    assert numbers_of(db, "again") == sorted(n for n, times in Counter(numbers).items() if times > 1)


@given(st.lists(st.integers(-3, 30) | st.integers(0, 10**16 - 1), max_size=60))
def test_any_numbers(numbers: list[int]) -> None:
    db = made(numbers)
    in_order = sorted_numbers(db, "applicants")
    keep(db, "again", repeated(in_order))
    keep(db, "applicants", each_once(in_order))
    assert numbers_of(db, "again") == sorted(n for n, times in Counter(numbers).items() if times > 1)
    assert numbers_of(db, "applicants") == sorted(set(numbers))
