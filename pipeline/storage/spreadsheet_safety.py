"""Text that others wrote must stay text: a spreadsheet must never take it for a formula."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

#: A cell that begins with one of these is run by a spreadsheet (OWASP, CSV injection).
STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n")


#: The same in DuckDB's SQL; ``{name}`` is a column of text.
SQL = r"CASE WHEN regexp_matches({name}, '^[=+\-@\t\r\n]') THEN '''' || {name} ELSE {name} END AS {name}"


def plain(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(STARTERS) else text


def plain_column(column: pa.Array) -> pa.Array:
    """:func:`plain` for a column of text."""
    risky = pc.match_substring_regex(column, r"^[=+\-@\t\r\n]")
    return pc.if_else(risky, pc.binary_join_element_wise(pa.scalar("'"), column, ""), column)
