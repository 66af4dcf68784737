"""Parquet files whose text DuckDB 2.0 may misread below a filter. The footer shows which these are; no row is read.

The mistake needs three things: a column of text begins without a dictionary, its pages have statistics, and its first
page holds one value beside nulls. A filter that a null can pass (``IS NULL``, ``IS DISTINCT FROM``, ``coalesce``) then
takes every row of that page and reads null for its value. The footer does not show what the first page holds. So every
file counts that has the other two. Spark, Arrow and others write such files. DuckDB writes no statistics of its pages,
so its own files are safe.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.sealed_paths import table_source

_TEXT = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")


def may_be_misread(path: Path) -> bool:
    """Whether a file must not be filtered while it is read. A file that cannot be read counts as safe."""
    try:
        now = path.stat()
        return _looked_at(path, now.st_mtime_ns, now.st_size)
    except (pa.ArrowInvalid, OSError):
        return False


@lru_cache(maxsize=10_000)
def _looked_at(path: Path, _changed: int, _size: int) -> bool:
    with table_source(path) as source:
        footer = pq.read_metadata(source)
    if (footer.created_by or "").startswith("DuckDB"):
        return False
    schema = footer.schema
    texts = [
        number
        for number, column in enumerate(map(schema.column, range(footer.num_columns)))
        if column.physical_type in _TEXT and column.max_definition_level > 0
    ]
    groups = map(footer.row_group, range(footer.num_row_groups))
    return any(_begins_plain(group.column(number)) for group in groups for number in texts)


def _begins_plain(chunk: pq.ColumnChunkMetaData) -> bool:
    """Whether a column of a row group has nulls, statistics and no dictionary."""
    statistics = chunk.statistics
    if chunk.has_dictionary_page or statistics is None or not statistics.has_min_max:
        return False
    return not statistics.has_null_count or statistics.null_count > 0
