"""Where a register comes from: text files, workbooks, PostgreSQL or MySQL, each read as batches of text.

``open_sources`` opens the reader for the named source. Values stay as they are written there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from pipeline.domain.errors import BadSettingError, UnreadableFileError
from pipeline.domain.settings import settings
from pipeline.importing.mapping import Mapping
from pipeline.ingest.csv_reader import Lines, read_csv

#: A register may have any size; the limits of lines and values stay.
_NO_LIMIT = {"max_rows": 10**15, "max_file_bytes": 10**18}
_TEXT, _WORKBOOK = (".csv", ".csv.gz", ".tsv", ".txt", ".gz"), (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_POSTGRES, _MYSQL = ("postgresql", "postgres"), ("mysql", "mariadb")


class Source(Protocol):
    """One file, sheet or table. ``says`` names it for the record, without user and password."""

    aside: Counter[str]

    @property
    def says(self) -> str: ...

    def header(self) -> list[str]:
        """The names of its columns."""
        ...

    def tables(self, names: list[str]) -> Iterator[pa.Table]:
        """Its rows: these columns, in this order, as text. ``aside`` is whole when all rows were read."""
        ...


@dataclass
class TextFile:
    """A file of delimited text, read by the project's own reader."""

    path: Path
    lines: Lines
    aside: Counter[str] = field(default_factory=Counter)

    @property
    def says(self) -> str:
        return self.path.name

    def header(self) -> list[str]:
        return self.lines.header.names

    def tables(self, names: list[str]) -> Iterator[pa.Table]:
        for table in self.lines.tables:
            yield table.select(names)
        self.aside.update(self.lines.set_aside.counts)


def open_sources(named: str, mapping: Mapping, sought: list[str]) -> list[Source]:
    """The sources that were named: a database's address, a file, or a folder of files. ``sought``: the columns to look
    for.

    Raises BadSettingError, UnreadableFileError, SourceUnreachableError.
    """
    if "://" in named:
        return [_database(named, mapping)]
    path = Path(named).expanduser()
    if not path.exists():
        raise UnreadableFileError(f"{path} is not there.", "Give a file, a folder, postgresql://… or mysql://….")
    paths = sorted(p for p in path.iterdir() if not p.name.startswith(".")) if path.is_dir() else [path]
    return [source for one in paths for source in _file(one, mapping, sought)]


def _file(path: Path, mapping: Mapping, sought: list[str]) -> list[Source]:
    name = path.name.lower()
    if name.endswith(_WORKBOOK):
        from pipeline.importing.workbook import open_workbook

        return [open_workbook(path, mapping.table, sought)]
    if not path.is_file() or not name.endswith(_TEXT):
        raise UnreadableFileError(f"{path} is neither text nor a workbook ({', '.join(_TEXT + _WORKBOOK)}).")
    lines = read_csv(path, settings().ingest.model_copy(update=_NO_LIMIT))
    return [TextFile(path, lines)] if lines else []


def _database(address: str, mapping: Mapping) -> Source:
    """A table or query of a database. The password is never part of an address: other users see the command line."""
    parts = urlsplit(address)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise BadSettingError(
            "The address of a database has a password in it, which others can see.",
            "Leave it out: PostgreSQL takes ~/.pgpass or PGPASSWORD, MySQL ~/.my.cnf or MYSQL_PWD. Then change it.",
        )
    if not mapping.table and not mapping.query:
        raise BadSettingError("Which table of the database?", "Give --table, or `table` or `query` in the mapping.")
    if parts.scheme in _POSTGRES:
        from pipeline.importing.postgres_table import PostgresTable

        return PostgresTable(address, mapping.table, mapping.query)
    if parts.scheme in _MYSQL:
        from pipeline.importing.mysql_table import MySqlTable

        return MySqlTable(address, mapping.table, mapping.query)
    raise BadSettingError(f"{parts.scheme}:// cannot be read.", "Give a file, a folder, postgresql://… or mysql://….")
