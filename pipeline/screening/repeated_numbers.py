"""NIKs in order, and those that are there more than once, among the applications of a wave or in the register.

Nearly every NIK is there once. A sort of the bare numbers shows the others in a tenth of the time that DuckDB takes to
count millions of groups of one. Neighbours are compared by hand: numpy's ``unique`` takes thirty times as long.
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]


def sorted_numbers(db: duckdb.DuckDBPyConnection, table: str) -> Numbers:
    """The column ``number``, without nulls, of a table or a query in brackets, in order. Takes eight bytes a row."""
    return np.sort(np.asarray(db.execute(f"SELECT number FROM {table}").fetchnumpy()["number"], np.int64))


def repeated(numbers: Numbers) -> Numbers:
    """Of sorted numbers those that are there more than once."""
    return each_once(numbers[1:][numbers[1:] == numbers[:-1]])


def each_once(numbers: Numbers) -> Numbers:
    """Sorted numbers, each once."""
    first: npt.NDArray[np.bool_] = np.append(True, numbers[1:] != numbers[:-1])
    once: Numbers = numbers[first[: len(numbers)]]
    return once


def keep(db: duckdb.DuckDBPyConnection, table: str, numbers: Numbers) -> None:
    """Makes a ``table`` (number) of numbers, in their order."""
    db.register("found_numbers", pa.table({"number": numbers}))
    db.execute(f"CREATE OR REPLACE TABLE {table} AS FROM found_numbers")
    db.unregister("found_numbers")
