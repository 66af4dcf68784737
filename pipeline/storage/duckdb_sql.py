"""DuckDB as this project uses it: bounded memory, spilling next to the work, local time, no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.domain.errors import DiskFullError, SealedFileError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import PATTERN
from pipeline.runtime import processes
from pipeline.storage import files, sealed_paths, spreadsheet_safety
from pipeline.storage.plain_pages import may_be_misread
from pipeline.storage.sealed_paths import address_to_write
from pipeline.storage.sql_text import SqlText, Value, fill, named, quoted, sql, text_list

__all__ = ["Value", "address_to_write", "fill", "named", "quoted", "sql", "text_list"]

#: One form for every Parquet file that DuckDB writes: with a total ORDER BY, the same bytes for any number of threads.
COPY = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
#: For what the next rooms of a run read: half the CPU to read and two thirds to write, up to half larger.
PASSING = "(FORMAT parquet, COMPRESSION lz4_raw, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 2000, ROW_GROUP_SIZE 122880)"


#: With these settings DuckDB encrypts what it spills, under a key that is only in its memory. Its extension ``httpfs``
#: would make that key, but it is downloaded. Without it DuckDB uses a generator that is not meant for keys, and it asks
#: for the first setting as a consent to that: docs/decisions/0009-sealed-files.md.
_SEALED_SPILL = {"force_mbedtls_unsafe": "true", "temp_file_encryption": "true"}

#: The columns that ingested registrations have besides those delivered.
NUMBERS = "as_number(nik) AS number, as_number(kk) AS kk_number"


@contextmanager
def connect(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own that spills below ``work``. A full disk surfaces as DiskFullError."""
    spill = work / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    limits = settings().screening
    connection = duckdb.connect(
        config={
            "memory_limit": limits.memory_limit,
            "threads": limits.threads or processes.cores(),
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": True,
            "preserve_insertion_order": False,
            "TimeZone": "Asia/Jakarta",
            **(_SEALED_SPILL if settings().encryption.at_rest else {}),
        }
    )
    connection.execute("SET enable_progress_bar = false")
    _unsealing(connection)
    run(connection, "pipeline.storage", "sql/blanks")
    run(connection, "pipeline.storage", "sql/nik_numbers")  # as_number, for whatever holds a NIK
    run(connection, "pipeline.storage", "sql/wave_of", {"$pattern": PATTERN})
    try:
        yield connection
    except duckdb.Error as e:
        if is_full(e):
            raise DiskFullError(f"No room left below {work}.") from e
        if (named := _sealed_error(e)) is not None:
            raise named from e
        raise
    finally:
        connection.close()


@contextmanager
def connect_to_read() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for a question about a few rows: nothing is spilled."""
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        _unsealing(connection)
        try:
            yield connection
        except duckdb.Error as e:
            if (named := _sealed_error(e)) is not None:
                raise named from e
            raise


def _unsealing(connection: duckdb.DuckDBPyConnection) -> None:
    """Lets a connection read and write sealed files. What was unsealed is kept nowhere between two queries."""
    connection.register_filesystem(sealed_paths.SealedFiles())
    if settings().encryption.at_rest:
        connection.execute("SET enable_external_file_cache = false")


def _sealed_error(error: duckdb.Error) -> SealedFileError | None:
    """The named error that a sealed file raised inside DuckDB, which gives its text only."""
    match = re.search(r"SealedFileError: (.+)\n→ (.+)", str(error))
    return SealedFileError(match[1], match[2]) if match else None


def is_full(error: duckdb.Error) -> bool:
    """Whether DuckDB failed for want of disk space."""
    return "No space left" in str(error) or "disk is full" in str(error).lower()


def run(
    connection: duckdb.DuckDBPyConnection, package: str, name: str, holes: Mapping[str, Value] | None = None
) -> duckdb.DuckDBPyConnection:
    """Executes ``<package>/<name>.sql``, filled; an error names the file. Returns the connection, for its rows."""
    text = sql(package, name, holes)
    with errors_named(text):
        return connection.execute(text)


@contextmanager
def errors_named(query: str) -> Iterator[None]:
    """Puts the name of the SQL file, where the query came from one, before the message of DuckDB's error."""
    try:
        yield
    except duckdb.Error as e:
        if isinstance(query, SqlText) and query.file not in str(e):
            raise type(e)(f"{query.file}: {e}") from e
        raise


def copy(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    form: str = COPY,
    given: Mapping[str, Any] | None = None,
) -> int:
    """Writes a query's rows (in a total order, if anybody compares the bytes) as Parquet, whole or not at all; returns
    how many. ``given`` are the query's parameters.
    """
    with files.atomic(path) as part, errors_named(query):
        connection.execute(f"COPY ({query}) TO '{quoted(address_to_write(part))}' {form}", dict(given or {}))
    rows = files.rows(path)
    assert rows is not None
    return rows


def copy_csv(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Writes a query's rows (which must have a total order) as CSV, whole or not at all; returns how many.

    No text in it is run by a spreadsheet (``spreadsheet_safety.py``).
    """
    with files.atomic(path) as part, errors_named(query):
        connection.execute("SET preserve_insertion_order = true")  # the query's own order is the order of the lines
        columns = connection.execute(f"DESCRIBE {query}").fetchall()
        safe = [spreadsheet_safety.SQL.format(name=f'"{name}"') for name, kind, *_ in columns if kind == "VARCHAR"]
        query = f"SELECT * REPLACE ({', '.join(safe)}) FROM ({query})" if safe else query
        target = quoted(address_to_write(part))
        [(rows,)] = connection.execute(f"COPY ({query}) TO '{target}' (FORMAT csv, HEADER)").fetchall()
    return int(rows)


def copy_lines(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Writes a query's one column (text; in a total order), one value a line and nothing else, whole or not at all."""
    with files.atomic(path) as part:
        form = (
            "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"  # nothing is quoted, whatever it holds
        )
        connection.execute(f"COPY ({query}) TO '{quoted(address_to_write(part))}' {form}")


def type_of(field: pa.DataType) -> str:
    """DuckDB's name of a contract's type."""
    if pa.types.is_list(field):
        return f"{type_of(field.value_type)}[]"
    if pa.types.is_struct(field):
        return f"STRUCT({', '.join(f'{part.name} {type_of(part.type)}' for part in field)})"
    names = {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "int16": "SMALLINT", "double": "DOUBLE"}
    return {**names, "bool": "BOOLEAN", "timestamp[us]": "TIMESTAMP", "date32[day]": "DATE"}[str(field)]


def empty_query(schema: pa.Schema) -> str:
    """A query without rows that has a contract's columns."""
    columns = ", ".join(f"NULL::{type_of(field.type)} AS {field.name}" for field in schema)
    return f"SELECT {columns} WHERE false"


def path_list(paths: Iterable[Path]) -> str:
    """An SQL list of paths, for read_parquet: each the file of this name, whatever is in the name."""
    return text_list(map(named, paths))


def read(paths: Iterable[Path]) -> str:
    """One relation of a delivery's files. They need not agree in the order of columns, nor in their types where one can
    hold the other (NIK as text or integer; a column that is empty in one file). What DuckDB would misread
    (``plain_pages.py``) is read whole before any filter: none goes below OFFSET.
    """
    found = list(paths)
    relation = f"read_parquet({path_list(found)}, hive_partitioning = false, union_by_name = true)"
    return f"(FROM {relation} OFFSET 0)" if any(map(may_be_misread, found)) else relation
