"""The rows of a sorted register that have one of the wanted NIKs, found by the wanted and not by the rows.

Few of a register's rows are wanted. A join asks of each row whether it is one of them; here each wanted NIK is looked
up in the one or two row groups that can have it. For a register of few columns that is half of a join's CPU. One with
many columns and long texts is searched by DuckDB, whose reader is quicker at those (``nik_ranges.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.settings import settings
from pipeline.runtime import processes
from pipeline.storage.files import parquet_in_pieces
from pipeline.storage.nik_groups import Group, row_groups

Numbers = npt.NDArray[np.int64]


def rows_with(wanted: Numbers, paths: Sequence[Path], columns: Sequence[str]) -> pa.Table | None:
    """The ``columns``, ``nik`` among them, of every row whose NIK is in ``wanted`` (sorted, each once), in no order.

    None where the register is not sorted enough for that, or its NIKs are no 64-bit integers: then a join is quicker.
    """
    groups = row_groups(paths, columns)
    if groups is None:
        return None
    asked = [(group, _between(wanted, group.first, group.last)) for group in groups]
    if sum(len(numbers) for _, numbers in asked) > sum(group.rows for group in groups):
        return None
    files = [list(each) for _, each in groupby(((g, w) for g, w in asked if len(w)), key=lambda one: one[0].path)]
    try:
        with ThreadPoolExecutor(settings().screening.threads or processes.cores()) as pool:
            found = [table for tables in pool.map(lambda one: list(_of_file(one, columns)), files) for table in tables]
    except (pa.ArrowException, OSError):  # the join names the file and what is wrong with it
        return None
    finally:
        pa.default_memory_pool().release_unused()
    return pa.concat_tables(found) if found else None


def _between(wanted: Numbers, first: int, last: int) -> Numbers:
    return wanted[np.searchsorted(wanted, first) : np.searchsorted(wanted, last, "right")]


def _of_file(asked: Sequence[tuple[Group, Numbers]], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Of each row group of one file its rows with a wanted NIK."""
    others = [column for column in columns if column != "nik"]
    with parquet_in_pieces(asked[0][0].path, few_values=others) as file:
        for group, numbers in asked:
            rows = file.read_row_group(group.number, columns=list(columns), use_threads=False)
            yield rows.take(_positions(np.asarray(pc.fill_null(rows["nik"], -1), np.int64), numbers))


def _positions(niks: Numbers, wanted: Numbers) -> Numbers:
    """Where in ``niks`` one of the wanted is, each time that it is there."""
    order = None if (niks[1:] >= niks[:-1]).all() else np.argsort(niks)
    in_order = niks if order is None else niks[order]
    begin = np.searchsorted(in_order, wanted)
    here = in_order[np.minimum(begin, len(in_order) - 1)] == wanted
    begin, end = begin[here], np.searchsorted(in_order, wanted[here], "right")
    times = end - begin
    positions: Numbers = np.repeat(begin - np.cumsum(times) + times, times) + np.arange(times.sum())
    return positions if order is None else order[positions]
