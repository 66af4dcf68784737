"""The text of the SQL files, and the two ways in which one is filled.

``{relation}`` is replaced by SQL: a table, a list of files, an expression. ``$value`` is replaced by a value, which
becomes a literal of its type. Nothing is filled inside a comment that has a line of its own. Knows no connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib import resources
from pathlib import Path

from pipeline.storage.sealed_paths import address

Value = str | bool | int | date | Iterable[str]
#: Characters that DuckDB reads as a pattern in a path.
_WILD = re.compile(r"[*?\[]")
_HOLE = re.compile(r"^[ \t]*--[^\n]*|\{[a-z_]+\}|\$[a-z_]+", re.MULTILINE)


class SqlText(str):
    """SQL that knows the file that it came from, so that an error can name it."""

    file: str

    @classmethod
    def of(cls, text: str, file: str) -> SqlText:
        """The text with its file's name."""
        made = cls(text)
        made.file = file
        return made


def sql(package: str, name: str, holes: Mapping[str, Value] | None = None) -> SqlText:
    """The text of ``<package>/<name>.sql``, filled."""
    text = (resources.files(package) / f"{name}.sql").read_text(encoding="utf-8")
    return SqlText.of(fill(text, holes or {}), f"{package.replace('.', '/')}/{name}.sql")


def fill(text: str, holes: Mapping[str, Value]) -> str:
    """SQL with its holes filled, those of ``{relation}`` with SQL and those of ``$value`` with a literal.

    A ``$value`` that is not among the holes stays a parameter of the statement.
    """

    def filled(match: re.Match[str]) -> str:
        hole = match[0]
        if hole not in holes:
            return hole
        return literal(holes[hole]) if hole.startswith("$") else str(holes[hole])

    return _HOLE.sub(filled, text)


def literal(value: Value) -> str:
    """A value as an SQL literal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f"'{quoted(value)}'"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value}'"
    if isinstance(value, date):
        return f"DATE '{value}'"
    return text_list(value)


def named(path: Path) -> str:
    """A file's name in the form in which DuckDB reads it: its characters are no pattern, and a sealed file is unsealed.

    Raises MasterKeyError, WaveKeyDestroyedError.
    """
    found = address(path)
    return found if found != str(path) else _WILD.sub(r"[\g<0>]", found)


def quoted(path: Path | str) -> str:
    """Inside an SQL literal: a path, to be read and never a pattern, or any text. Raises MasterKeyError,
    WaveKeyDestroyedError."""
    return (named(path) if isinstance(path, Path) else path).replace("'", "''")


def text_list(values: Iterable[str]) -> str:
    """An SQL list of texts."""
    return "[" + ", ".join(f"'{quoted(value)}'" for value in values) + "]"
