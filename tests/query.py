"""An independent query of tables on disk, for a test to compare with."""

from __future__ import annotations

from typing import Any

import duckdb


def rows(query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    found = duckdb.sql(query)
    assert found is not None
    return found.fetchall()
