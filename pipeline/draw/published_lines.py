"""The text files of a draw that others read: one value a line, sorted, with their hash and their Merkle root."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.draw import merkle
from pipeline.storage import duckdb_sql, files

_BYTES = 1 << 20  # of the list, hashed together


def publish_lines(db: duckdb.DuckDBPyConnection, query: str, path: Path, *, tree: bool = True) -> tuple[str, str]:
    """Writes a query's one column; the SHA-256 of exactly that text, and its root (empty without ``tree``)."""
    duckdb_sql.copy_lines(db, query, path)
    grown = merkle.Tree()
    if tree:
        with path.open("rb") as file:
            while lines := file.readlines(_BYTES):
                grown.add(line[:-1] for line in lines)
    return files.sha256(path), grown.root() if tree else ""
