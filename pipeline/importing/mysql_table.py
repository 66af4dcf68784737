"""A table or query of a MySQL or MariaDB, streamed as text; it is only read.

The password is that of ``~/.my.cnf`` (group ``client``, which may also say how the connection is encrypted), or
``MYSQL_PWD``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import SSCursor

from pipeline.domain.errors import SourceUnreachableError

_BATCH = 50_000


class MySqlTable:
    """One relation; its columns are read as the text that the server writes for them."""

    def __init__(self, address: str, table: str, query: str) -> None:
        parts = urlsplit(address)
        self.says = f"mysql://{parts.hostname or ''}{parts.path} {table or 'query'}"
        self.aside: Counter[str] = Counter()
        options = Path("~/.my.cnf").expanduser()
        self._how: dict[str, Any] = {
            "host": parts.hostname,
            "port": parts.port or 3306,
            "user": unquote(parts.username) if parts.username else None,
            "password": os.environ.get("MYSQL_PWD", ""),
            "database": parts.path.lstrip("/") or None,
            "charset": "utf8mb4",
            "cursorclass": SSCursor,
            "init_command": "SET SESSION TRANSACTION READ ONLY",
            "read_default_file": str(options) if options.is_file() else None,
        }
        quoted = ".".join(_quoted(part) for part in table.split("."))
        self._relation = f"({query.strip().rstrip(';')}) AS delivered" if query else quoted
        self._bits: set[str] = set()

    def header(self) -> list[str]:
        """The names of its columns."""
        with self._asked(f"SELECT * FROM {self._relation} LIMIT 0") as cursor:
            self._bits = {name for name, kind, *_ in cursor.description if kind == FIELD_TYPE.BIT}
            return [column[0] for column in cursor.description]

    def tables(self, names: list[str]) -> Iterator[pa.Table]:
        """Its rows, as one statement reads them. Call ``header`` first."""
        columns = (f"CAST({_quoted(name)}{'+0' if name in self._bits else ''} AS CHAR)" for name in names)
        with self._asked(f"SELECT {', '.join(columns)} FROM {self._relation}") as cursor:
            while rows := cursor.fetchmany(_BATCH):
                texts = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
                yield pa.table(texts, names=names)

    @contextmanager
    def _asked(self, query: str) -> Iterator[Any]:
        try:
            with pymysql.connect(**self._how) as connection, connection.cursor() as cursor:
                cursor.execute(query)
                yield cursor
        except (pymysql.Error, OSError, UnicodeDecodeError) as e:
            raise SourceUnreachableError(f"{self.says} cannot be read: {str(e)[:400].rstrip('.')}.") from None


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
