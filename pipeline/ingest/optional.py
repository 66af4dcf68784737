"""What a wave may have besides registrations, as strangers deliver it: never fatal, counted.

Reads ``landing/wave-NNNN/reviews`` and writes ``reviews.parquet``, the last decision about each application; hands the
rows of ``reuploads`` to ``reuploads.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import duck
from pipeline.calendar import Wave
from pipeline.contracts import REVIEWS
from pipeline.errors import GelombangError
from pipeline.ingest.lines import read_csv
from pipeline.store import Store


@dataclass(frozen=True)
class OptionalCounts:
    """Rows that count, and rows or files that could not be read."""

    taken_in: int
    set_aside: int


def ingest_reviews(store_: Store, wave: Wave) -> OptionalCounts:
    """Reviewers' decisions: of several about one application the latest ``decided_at`` counts."""
    usable = "decision IN ('accept', 'reject')"
    return _ingest(store_, wave, "reviews", REVIEWS, "decided_at DESC NULLS LAST, reviewer, decision, note", usable)


def _ingest(store_: Store, wave: Wave, what: str, schema: pa.Schema, latest: str, usable: str) -> OptionalCounts:
    out = store_.work(wave) / f"{what}.parquet"
    everything, aside = delivered(store_, wave, what, schema)
    with duck.connect(store_.work(wave)) as db:
        rows_of(db, everything, schema)
        kept = f"registration_id IS NOT NULL AND {usable}"
        [(good,)] = db.execute(f"SELECT count(*) FROM rows WHERE {kept}").fetchall()
        query = f"""SELECT {", ".join(schema.names)} FROM rows WHERE {kept}
                    QUALIFY row_number() OVER (PARTITION BY registration_id ORDER BY {latest}) = 1
                    ORDER BY registration_id"""
        rows = duck.copy(db, query, out)
    return OptionalCounts(rows, aside + everything.num_rows - good)


def delivered(store_: Store, wave: Wave, what: str, schema: pa.Schema) -> tuple[pa.Table, int]:
    """Every row of a folder's files as text, and how many rows or whole files could not be read."""
    paths = sorted(p for p in store_.landing(wave, what).glob("*") if p.is_file() and not p.name.startswith("."))
    tables, aside = [], 0
    for path in paths:
        table, bad = _text_table(path, schema)
        aside += bad
        if table is not None:
            tables.append(table)
    nothing = pa.table({name: pa.array([], pa.string()) for name in schema.names})
    return pa.concat_tables(tables) if tables else nothing, aside


def rows_of(db: duckdb.DuckDBPyConnection, everything: pa.Table, schema: pa.Schema) -> None:
    """Makes the table ``rows`` of what was delivered, each value of its contract's type or null."""
    db.register("delivered", everything)
    casts = ", ".join(_cast(field) for field in schema)
    db.execute(f"CREATE TEMP TABLE rows AS SELECT {casts} FROM delivered")


def _cast(field: pa.Field) -> str:
    kind = {pa.string(): "VARCHAR", pa.int32(): "INTEGER"}.get(field.type, "TIMESTAMP")
    value = f"nullif(trim({field.name}), '')"
    return f"{f'lower({value})' if field.name == 'decision' else f'try_cast({value} AS {kind})'} AS {field.name}"


def _text_table(path: Path, schema: pa.Schema) -> tuple[pa.Table | None, int]:
    """A file's columns as text, and how much of it could not be read (a whole file counts as one)."""
    try:
        if path.suffix == ".parquet":
            table, bad = pq.read_table(path, partitioning=None), 0
        elif path.name.endswith((".csv", ".csv.gz")):
            lines = read_csv(path)
            if lines is None:
                return None, 0
            table, bad = pa.concat_tables(lines.tables), len(lines.set_aside)
        else:
            return None, 1
        columns = {
            n: table[n].cast(pa.string()) if n in table.column_names else _absent(n, table) for n in schema.names
        }
    except (GelombangError, pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, KeyError, duckdb.Error):
        return None, 1
    return pa.table(columns), bad


def _absent(name: str, table: pa.Table) -> pa.Array:
    """A column that can be done without (a note, a reviewer); the id cannot."""
    if name == "registration_id":
        raise KeyError(name)
    return pa.nulls(table.num_rows, pa.string())
