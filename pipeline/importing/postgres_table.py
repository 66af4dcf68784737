"""A table or query of a PostgreSQL, streamed as text through Arrow's driver; it is only read.

libpq finds the password (``~/.pgpass``, ``PGPASSWORD``, a service file); this module never sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as postgresql
import pyarrow as pa

from pipeline.domain.errors import SourceUnreachableError

_SESSION = "SET default_transaction_read_only = on; SET datestyle = 'ISO, YMD'; SET client_encoding = 'UTF8'"


class PostgresTable:
    """One relation; its columns are read as the text that PostgreSQL writes for them."""

    def __init__(self, address: str, table: str, query: str) -> None:
        parts = urlsplit(address)
        self.says = f"postgresql://{parts.hostname or ''}{parts.path} {table or 'query'}"
        self.aside: Counter[str] = Counter()
        self._address = address
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
        self._relation = f"({query.strip().rstrip(';')}) AS delivered" if query else quoted

    def header(self) -> list[str]:
        """The names of its columns."""
        with self._asked(f"SELECT * FROM {self._relation} LIMIT 0") as reader:
            return list(reader.schema.names)

    def tables(self, names: list[str]) -> Iterator[pa.Table]:
        """Its rows, as one statement reads them."""
        columns = ", ".join('"' + name.replace('"', '""') + f'"::text AS c{i}' for i, name in enumerate(names))
        with self._asked(f"SELECT {columns} FROM {self._relation}") as reader:
            for batch in reader:
                texts = [column.cast(pa.string()) for column in batch.columns]
                yield pa.table(texts, names=[f"c{i}" for i in range(len(names))]).rename_columns(names)

    @contextmanager
    def _asked(self, query: str) -> Iterator[Any]:
        try:
            with postgresql.connect(self._address, autocommit=True) as connection, connection.cursor() as cursor:
                for statement in _SESSION.split(";"):
                    cursor.execute(statement)
                cursor.execute(query)
                yield cursor.fetch_record_batch()
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as e:
            raise SourceUnreachableError(f"{self.says} cannot be read: {_first_lines(e)}.") from None


def _first_lines(error: BaseException) -> str:
    """PostgreSQL's message without its lines about a row, which may contain personal data."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(line for line in lines if not line.startswith(("DETAIL", "CONTEXT")))[:400].rstrip(".")
