"""How many values of a column are missing: null, or a text that says nothing. Parquet footers give the number without a
scan."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.ingest.extracts import Extract
from pipeline.storage import duckdb_sql

#: Texts that exports write for a missing value.
BLANK = ("", "-", "NULL", "NONE", "NAN", "N/A", "\\N")


def missing(db: duckdb.DuckDBPyConnection, extract: Extract, column: str) -> int:
    """Missing values of a column. Only where a footer is silent, or names a blank text, the column is read."""
    total = 0
    for path in extract.files:
        footer = pq.read_metadata(path)
        index = footer.schema.to_arrow_schema().get_field_index(column)
        groups = [footer.row_group(i).column(index).statistics for i in range(footer.num_row_groups)]
        if all(map(_told, groups)):
            total += sum(group.null_count for group in groups)
        else:
            blank = f"upper(tidy({column}::VARCHAR)) IN (SELECT unnest({duckdb_sql.text_list(BLANK)}))"
            source = duckdb_sql.read([path])
            query = f"SELECT count(*) FILTER ({column} IS NULL OR {blank}) FROM {source}"
            total += db.execute(query).fetchall()[0][0]
    return total


def _told(statistics: Any) -> bool:
    """Whether a footer's figures are enough: they count the nulls, and no text among the values is blank.

    A blank text sorts before nearly all others, so it is the least one; or the whole column holds it. What looks like
    one (a no-break space, a mark of no width) sorts after all that is plain, or before it.
    """
    if statistics is None or not statistics.has_null_count:
        return False
    if not statistics.has_min_max:
        return bool(statistics.num_values == 0)
    ends = [text for text in (statistics.min, statistics.max) if isinstance(text, str)]
    return all("!" <= text[:1] <= "~" and text.strip().upper() not in BLANK for text in ends)
