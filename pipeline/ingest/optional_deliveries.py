"""Optional deliveries of a wave besides registrations. A fault in them is never fatal; it is counted.

Reads the files of ``landing/wave-NNNN/reviews`` or ``reuploads``; ``reviews.py`` and ``reuploads.py`` say what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import IN, Table
from pipeline.domain.errors import GelombangError, UnreadableFileError
from pipeline.domain.said import said
from pipeline.domain.settings import settings
from pipeline.ingest.csv_reader import read_csv
from pipeline.ingest.parquet_reader import read_parquet
from pipeline.ingest.set_aside import SetAside
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class OptionalFile:
    """One file: its rows as text and those set aside, or the error for which it was set aside whole."""

    path: Path
    rows: pa.Table | None
    aside: SetAside
    error: GelombangError | None = None


def delivered(store: Store, wave: Wave, what: str) -> tuple[pa.Table, int]:
    """Every row of a folder's files as text, and how many rows or whole files could not be read."""
    found = files_of(store, wave, what)
    tables = [one.rows for one in found if one.rows is not None]
    empty = pa.table({name: pa.array([], pa.string()) for name in IN[what].schema.names})
    return pa.concat_tables(tables) if tables else empty, sum(1 if one.error else one.aside.total for one in found)


def files_of(store: Store, wave: Wave, what: str) -> list[OptionalFile]:
    """What each file of a folder holds. A folder with a file's name (``x.parquet``) is one that cannot be read; others,
    such as the review page's own, are no delivery."""
    found = store.landing(wave, what).glob("*")
    paths = sorted(p for p in found if not p.name.startswith(".") and (p.suffix or not p.is_dir()))
    return [_read(path, IN[what]) for path in paths]


def rows_of(db: duckdb.DuckDBPyConnection, everything: pa.Table, schema: pa.Schema) -> None:
    """Makes the table ``rows`` of what was delivered, each value of its contract's type or null."""
    db.register("delivered", everything)
    duckdb_sql.run(db, "pipeline.ingest", "sql/texts")
    duckdb_sql.run(db, "pipeline.ingest", "sql/moments")
    # in three steps: a function of SQL is put in place of its name with all that it is given, and what is given to
    # several that hold each other is put there, and planned, hundreds of times
    moments = {field.name for field in schema if pa.types.is_timestamp(field.type)}
    bare = ", ".join(f"nullif(bare({name}), '') AS {name}" for name in schema.names)
    read = ", ".join(f"read_moment({name}) AS {name}" if name in moments else name for name in schema.names)
    casts = ", ".join(_cast(field) for field in schema)
    db.execute(f"""CREATE TEMP TABLE rows AS
                   SELECT {casts} FROM (SELECT {read} FROM (SELECT {bare} FROM delivered))""")


def _cast(field: pa.Field) -> str:
    if field.name == "decision":
        return "lower(decision) AS decision"
    if pa.types.is_timestamp(field.type):
        return f"believable({field.name}) AS {field.name}"
    return f"try_cast({field.name} AS {duckdb_sql.type_of(field.type)}) AS {field.name}"


def _read(path: Path, contract: Table) -> OptionalFile:
    """A file's columns as text. A column can be missing (a note, a reviewer); the id cannot."""
    aside = SetAside(settings().ingest.listed)
    try:
        if path.suffix.lower() == ".parquet":
            tables = list(read_parquet(path, contract.schema, aside, contract.required))
        elif path.name.lower().endswith((".csv", ".csv.gz")):
            lines = read_csv(path)
            if lines is None:
                return OptionalFile(path, None, aside)
            lines.need(contract.required, contract.schema.names)
            tables, aside = [_columns(table, contract.schema) for table in lines.tables], lines.set_aside
        else:
            raise UnreadableFileError(said("neither", path=path), said("as_csv_or_parquet"))
    except GelombangError as e:
        return OptionalFile(path, None, aside, e.kept())
    return OptionalFile(path, pa.concat_tables(tables) if tables else None, aside)


def _columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    missing = pa.nulls(table.num_rows, pa.string())
    return pa.table({n: table[n] if n in table.column_names else missing for n in schema.names})
