"""NIKs that stand more than once, among the applications of a wave or in the register.

Nearly every NIK stands once. A sort of the bare numbers shows the others in a tenth of the time that DuckDB takes to
count millions of groups of one.
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa


def keep_repeated(db: duckdb.DuckDBPyConnection, table: str, among: str) -> None:
    """Makes a ``table`` (number) of the numbers that are on several rows of ``among``, a table with a column ``number``
    without nulls. Takes eight bytes a row."""
    numbers = _sorted(db, among)
    _make(db, table, np.unique(numbers[1:][numbers[1:] == numbers[:-1]]))


def sort_numbers(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """Puts a table that has only numbers into their order, each once: the registers, which are sorted too, are then
    searched for them with a fifth less CPU."""
    numbers = _sorted(db, table)
    _make(db, table, numbers[np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]])


def _sorted(db: duckdb.DuckDBPyConnection, table: str) -> npt.NDArray[np.int64]:
    return np.sort(np.asarray(db.execute(f"SELECT number FROM {table}").fetchnumpy()["number"], np.int64))


def _make(db: duckdb.DuckDBPyConnection, table: str, numbers: npt.NDArray[np.int64]) -> None:
    db.register("found_numbers", pa.table({"number": numbers}))
    db.execute(f"CREATE OR REPLACE TABLE {table} AS FROM found_numbers")
    db.unregister("found_numbers")
