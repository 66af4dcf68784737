"""The files of a wave's registrations as one staged table of text. A file is staged whole or not at all.

A file that cannot be read is set aside by its name, with what is wrong with it; the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.contracts import IN
from pipeline.domain.errors import (
    FileLimitError,
    GelombangError,
    MissingColumnError,
    UnreadableFileError,
    WrongTypeError,
)
from pipeline.domain.settings import settings
from pipeline.ingest.csv_reader import read_csv
from pipeline.ingest.parquet_reader import read_parquet
from pipeline.ingest.set_aside import SetAside
from pipeline.storage.sealed_paths import table_sink

_DELIVERED = IN["registrations"].schema
STAGED = pa.schema([*((name, pa.string()) for name in _DELIVERED.names), ("file", pa.string())])
#: Beyond this a file gets a staged file of its own; smaller ones share one.
_HELD_ROWS, _HELD_BYTES = 200_000, 64_000_000


@dataclass
class Delivery:
    """What became of one file: the rows set aside, or the error that it was set aside whole for."""

    path: Path
    aside: SetAside
    rows: int = 0
    blank: int = 0
    error: GelombangError | None = None


@dataclass
class Stage:
    """A folder of staged rows. Small files are written together: a hundred thousand of them are still one table."""

    folder: Path
    _held: list[pa.Table] = field(default_factory=list)
    _held_rows: int = 0
    _parts: int = 0

    def add(self, path: Path) -> Delivery:
        """Reads one file."""
        done = Delivery(path, SetAside(settings().ingest.listed))
        own: pq.ParquetWriter | None = None
        opened = ExitStack()
        part = self._next()
        tables: list[pa.Table] = []
        rows = size = 0
        try:
            for table in _tables(path, done):
                if table.num_rows == 0 and (tables or own):  # a header repeated a million times is as many empty tables
                    continue
                done.rows += table.num_rows
                rows, size = rows + table.num_rows, size + table.nbytes
                tables.append(table.append_column("file", pa.repeat(path.name, table.num_rows)))
                if rows > _HELD_ROWS or size > _HELD_BYTES:
                    own = own or pq.ParquetWriter(opened.enter_context(table_sink(part)), STAGED)
                    own.write_table(pa.concat_tables(tables))
                    tables, rows, size = [], 0, 0
        except (UnreadableFileError, FileLimitError, MissingColumnError, WrongTypeError) as e:
            done.error, done.rows, tables, rows = e.kept(), 0, [], 0
        if own:
            own.close()
            opened.close()
            if done.error:
                part.unlink()
        self._held += tables
        self._held_rows += rows
        if self._held_rows > _HELD_ROWS or len(self._held) > 1000:
            self.close()
        return done

    def close(self) -> list[Path]:
        """Writes what is held; returns the staged files."""
        if self._held:
            with table_sink(self._next()) as sink:
                pq.write_table(pa.concat_tables(self._held), sink, row_group_size=_HELD_ROWS)
            self._held, self._held_rows = [], 0
        return sorted(self.folder.glob("*.parquet"))

    def _next(self) -> Path:
        self._parts += 1
        return self.folder / f"{self._parts:06d}.parquet"


def _tables(path: Path, done: Delivery) -> Iterator[pa.Table]:
    """The columns of the contract as text."""
    required = IN["registrations"].required
    if path.suffix.lower() == ".parquet":
        yield from read_parquet(path, _DELIVERED, done.aside, required)
        return
    lines = read_csv(path)
    if lines is None:
        return
    lines.need(required, _DELIVERED.names)
    done.aside = lines.set_aside
    for table in lines.tables:
        for name in _DELIVERED.names:
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
        yield table.select(_DELIVERED.names)
    done.blank = lines.blank
