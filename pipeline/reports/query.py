"""DuckDB over one wave's ``decisions.parquet``: the queries of ``sql/``, by file name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import WaveNotRunError
from pipeline.settings import settings
from pipeline.store import cores


class Query:
    """An open connection on which ``applications`` stands for the wave's decisions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows that ``sql/<name>.sql`` gives, as dicts."""
        cursor = self.connection.execute(sql(name))
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def sql(name: str) -> str:
    """The text of one query."""
    return (files("pipeline.reports") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def decisions(path: Path) -> Iterator[Query]:
    """Opens a ``decisions.parquet``. Raises WaveNotRunError when it is not there."""
    if not path.is_file():
        raise WaveNotRunError(f"{path} is not there: the wave has no decisions yet.")
    limits = settings().screening
    connection = duckdb.connect(
        config={
            "memory_limit": limits.memory_limit,
            "threads": limits.threads or cores(),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET VARIABLE decisions = ?", [str(path)])
        connection.execute(sql("applications"))
        yield Query(connection)
    finally:
        connection.close()
