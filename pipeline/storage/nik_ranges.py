"""Which files of a sorted delivery can be searched one after the other; footers are read, and no row.

DuckDB looks the wanted up in a table of all of them, which is larger than a processor's cache. Of a file that holds one
range of NIKs it needs the wanted of that range only, and leaves the others out by itself: 270 million people in nine
files take a fifth less CPU so. A delivery that is not sorted is searched at once: each look would need all the wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.sealed_paths import table_source


def parts_by_nik(paths: Sequence[Path]) -> list[list[Path]]:
    """The files of a delivery, each alone where their NIKs (integers) do not overlap and their columns are the same;
    else all together.
    """
    together = [list(paths)]
    footers = [_footer(path) for path in paths]
    schemas = [footer.schema.to_arrow_schema() for footer in footers if footer is not None]
    ranges = [_range(footer) for footer in footers if footer is not None]
    known = sorted(found for found in ranges if found is not None)
    if len(known) < len(paths) or any(schema != schemas[0] for schema in schemas):
        return together
    if any(before[1] >= after[0] for before, after in pairwise(known)):
        return together
    return [[path] for path in paths]


def _footer(path: Path) -> pq.FileMetaData | None:
    """None of a file that cannot be read: whoever reads it names it."""
    try:
        with table_source(path) as source:
            return pq.read_metadata(source)
    except (pa.ArrowInvalid, OSError):
        return None


def _range(footer: pq.FileMetaData) -> tuple[int, int] | None:
    """The lowest and the highest NIK of a file, as far as its statistics tell of every row group."""
    names = footer.schema.names
    if "nik" not in names or not footer.num_row_groups:
        return None
    groups = [footer.row_group(number).column(names.index("nik")) for number in range(footer.num_row_groups)]
    found = [group.statistics for group in groups]
    if any(one is None or not one.has_min_max or one.physical_type != "INT64" for one in found):
        return None
    return min(one.min for one in found), max(one.max for one in found)
