"""The text files of a draw that others read: one value a line, sorted, with their hash and their Merkle root."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa

from pipeline.draw import merkle
from pipeline.storage import files

_ROWS = 1 << 16  # of the list, hashed together


class Lines:
    """A list while it is written: what is added is hashed at once, so that the file is never read again."""

    def __init__(self, file: BinaryIO, *, tree: bool) -> None:
        self._file = file
        self._hash = sha256()
        self._tree = merkle.Tree() if tree else None

    def add(self, values: pa.Array) -> None:
        """The next values, in order."""
        lines = values.cast(pa.binary()).to_pylist()
        text = b"\n".join([*lines, b""])
        self._file.write(text)
        self._hash.update(text)
        if self._tree is not None:
            self._tree.add(lines)

    @property
    def sha256(self) -> str:
        """The SHA-256 of exactly the text so far."""
        return self._hash.hexdigest()

    @property
    def root(self) -> str:
        """The Merkle root over the lines so far; empty without ``tree``."""
        return "" if self._tree is None else self._tree.root()


@contextmanager
def lines_at(path: Path, *, tree: bool) -> Iterator[Lines]:
    """A list to be written, whole or not at all."""
    with files.atomic(path) as part, part.open("wb") as file:
        yield Lines(file, tree=tree)


def publish_lines(db: duckdb.DuckDBPyConnection, query: str, path: Path, *, tree: bool = True) -> tuple[str, str]:
    """Writes a query's one column (text; in a total order); the SHA-256 of exactly that text, and its root (empty
    without ``tree``)."""
    with lines_at(path, tree=tree) as lines:
        for batch in db.sql(query).to_arrow_reader(_ROWS):
            lines.add(batch.column(0))
    return lines.sha256, lines.root
