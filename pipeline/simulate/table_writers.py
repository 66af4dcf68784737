"""Writes simulated tables while they grow: whole or not at all, with the same bytes each time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, cast

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from pipeline.storage.files import atomic

_ROW_GROUP = 122_880
_NO_HEADER = pacsv.WriteOptions(include_header=False)


class Parts:
    """Parquet files of one folder, a new one every ``rows`` rows. Use as a context manager; on an error none stays."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, rows: int) -> None:
        self._folder, self._name, self._schema, self._limit = folder, name, schema, rows
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._number = self._in_file = 0
        self.rows = 0

    def __enter__(self) -> Parts:
        self._stack.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is None and kind is None:
            self._open()  # an empty table is a table
        self._stack.__exit__(kind, error, trace)

    def write(self, table: pa.Table) -> None:
        """Appends rows; columns may be dictionaries of what the schema says."""
        if self._writer is not None and self._in_file >= self._limit:
            self._stack.close()
            self._writer = None
        if self._writer is None:
            self._open()
        assert self._writer is not None
        self._writer.write_table(table.cast(self._schema), row_group_size=_ROW_GROUP)
        self._in_file += table.num_rows
        self.rows += table.num_rows

    def _open(self) -> None:
        path = self._stack.enter_context(atomic(self._folder / f"{self._name}-{self._number:03d}.parquet"))
        writer = pq.ParquetWriter(path, self._schema, compression="zstd", version="2.6", data_page_version="2.0")
        self._writer = self._stack.enter_context(writer)
        self._number += 1
        self._in_file = 0


@contextmanager
def lines(path: Path, columns: list[str], *, bom: bool = False) -> Iterator[CsvFile]:
    """A CSV file (gzip by its name) that tables and raw lines can be appended to."""
    with atomic(path) as part, part.open("wb") as raw, ExitStack() as stack:
        out: IO[bytes] = raw
        if path.suffix == ".gz":
            # neither name nor time in the header: the same rows give the same bytes
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=4)
            out = cast(IO[bytes], stack.enter_context(packed))
        out.write((b"\xef\xbb\xbf" if bom else b"") + ",".join(columns).encode() + b"\n")
        yield CsvFile(out)


class CsvFile:
    """An open CSV file."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, table: pa.Table) -> None:
        """Appends rows."""
        pacsv.write_csv(table, self._out, _NO_HEADER)

    def raw(self, line: bytes) -> None:
        """Appends a line as it is."""
        self._out.write(line + b"\n")
