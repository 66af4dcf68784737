"""DuckDB over one wave's ``decisions.parquet``: the queries of ``sql/``, by file name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipeline.domain.errors import WaveNotRunError
from pipeline.storage import duckdb_sql


class Query:
    """An open connection in which ``applications`` is the table of the wave's decisions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows that ``sql/<name>.sql`` gives, as dicts."""
        cursor = duckdb_sql.run(self.connection, "pipeline.reports.figures", f"sql/{name}")
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def sql(name: str, holes: Mapping[str, duckdb_sql.Value] | None = None) -> str:
    """The text of one query, filled."""
    return duckdb_sql.sql("pipeline.reports.figures", f"sql/{name}", holes)


@contextmanager
def decisions(path: Path, work: Path) -> Iterator[Query]:
    """Opens a ``decisions.parquet``; what does not fit memory spills below ``work``. Raises WaveNotRunError."""
    if not path.is_file():
        raise WaveNotRunError(f"{path} is not there: the wave has no decisions yet.")
    with duckdb_sql.connect(work) as connection:
        connection.execute("SET VARIABLE decisions = ?", [duckdb_sql.named(path)])
        duckdb_sql.run(connection, "pipeline.reports.figures", "sql/decided_applications")
        yield Query(connection)
