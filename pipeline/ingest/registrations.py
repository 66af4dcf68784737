"""Reads the registrations of a wave: any number of files, CSV or Parquet, as strangers deliver them.

A row without an id cannot be decided about and is set aside; so is a line that is no row. Every other fault of a row
stays with its application and becomes a reason there. Reads ``landing/``; writes ``registrations.parquet``,
``set_aside.parquet`` and ``ingest.json``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import REGISTRATIONS, SET_ASIDE
from pipeline.domain.errors import (
    DuplicateRegistrationError,
    EmptyWaveError,
    MissingColumnError,
    UnreadableFileError,
    WrongTypeError,
)
from pipeline.ingest.csv_reader import read_csv
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

_NO_ID, _BAD_ID = "no registration_id", "registration_id with a control character"
_TYPED = ("submitted_at", "birth_date", "phone_verified", "email_verified", "sex")


@dataclass(frozen=True)
class IngestCounts:
    """Rows by what became of them; ``ignored`` counts files that are neither CSV nor Parquet."""

    files: int
    ignored: int
    taken_in: int
    set_aside: int
    unreadable_values: int


def ingest_registrations(store_: Store, wave: Wave) -> IngestCounts:
    """Takes in a wave's registrations.

    Raises EmptyWaveError, UnreadableFileError, MissingColumnError, WrongTypeError and DuplicateRegistrationError.
    """
    work, folder = store_.work(wave), store_.landing(wave, "registrations")
    delivered = sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith("."))
    paths = [p for p in delivered if p.name.lower().endswith((".parquet", ".csv", ".csv.gz"))]
    if not paths:
        raise EmptyWaveError(f"Wave {wave.number} has no registrations below {folder}.")
    staged = files.fresh(work / "staged")
    aside: list[tuple[str, int, str]] = []
    with duckdb_sql.connect(work) as db:
        for number, path in enumerate(paths):
            stage = _stage_parquet if path.suffix.lower() == ".parquet" else _stage_csv
            aside += [(path.name, line, problem) for line, problem in stage(db, path, staged / f"{number:06d}.parquet")]
        parts = sorted(staged.glob("*.parquet"))
        if not parts:
            raise EmptyWaveError(f"No file below {folder} has a row in it.")
        db.execute(duckdb_sql.sql("pipeline.ingest", "sql/moments"))
        db.execute(
            duckdb_sql.sql("pipeline.ingest", "sql/clean", {"{source}": f"read_parquet({duckdb_sql.path_list(parts)})"})
        )
        nameless = db.execute(
            "SELECT file, bad_id, count(*) FROM cleaned WHERE registration_id IS NULL GROUP BY ALL"
        ).fetchall()
        aside += [(name, 0, _BAD_ID if bad else _NO_ID) for name, bad, count in nameless for _ in range(count)]
        _refuse_duplicates(db)
        columns = ", ".join(REGISTRATIONS.names)
        query = f"""SELECT {columns}, NULL::INTEGER AS from_wave, {duckdb_sql.NUMBERS}
                    FROM cleaned WHERE registration_id IS NOT NULL ORDER BY registration_id"""
        taken_in = duckdb_sql.copy(db, query, work / "registrations.parquet")
        per_file = dict(
            db.execute("SELECT file, count(*) FROM cleaned WHERE registration_id IS NOT NULL GROUP BY file").fetchall()
        )
        sums = ", ".join(f"coalesce(sum(bad_{name}::INT), 0)::BIGINT" for name in _TYPED)
        unreadable = dict(zip(_TYPED, db.execute(f"SELECT {sums} FROM cleaned").fetchall()[0], strict=True))
    if taken_in == 0 and not aside:
        raise EmptyWaveError(f"No file below {folder} has a row in it.")
    return _record(work, delivered, paths, per_file, aside, unreadable, taken_in)


def _stage_csv(db: duckdb.DuckDBPyConnection, path: Path, out: Path) -> list[tuple[int, str]]:
    """Writes a CSV's rows as text columns; returns the lines set aside."""
    lines = read_csv(path)
    if lines is None:
        return []
    _need_columns(lines.header, path)
    columns = pa.schema([*((name, pa.string()) for name in REGISTRATIONS.names), ("file", pa.string())])
    with files.atomic(out) as part, pq.ParquetWriter(part, columns) as writer:
        for table in lines.tables:
            named = table.select(REGISTRATIONS.names).append_column("file", pa.repeat(path.name, table.num_rows))
            writer.write_table(named)
    return lines.set_aside


def _stage_parquet(db: duckdb.DuckDBPyConnection, path: Path, out: Path) -> list[tuple[int, str]]:
    """Writes a Parquet file's rows as text columns."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e
    actual = {name.strip().lower(): name for name in schema.names}
    _need_columns(list(actual), path)
    columns = []
    for field in REGISTRATIONS:
        given = schema.field(actual[field.name]).type
        _need_type(given, field, path)
        source = f'"{actual[field.name]}"'
        text = f"CAST({source} AS VARCHAR)"
        if field.name in ("nik", "kk") and pa.types.is_integer(given):
            text = f"lpad({text}, 16, '0')"
        columns.append(f"{text} AS {field.name}")
    try:
        duckdb_sql.copy(
            db,
            f"SELECT {', '.join(columns)}, '{duckdb_sql.quoted(path.name)}' AS file "
            f"FROM read_parquet('{duckdb_sql.quoted(path)}')",
            out,
        )
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as e:
        if duckdb_sql.is_full(e):
            raise
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e
    return []


def _need_columns(names: list[str], path: Path) -> None:
    missing = [name for name in REGISTRATIONS.names if name not in names]
    if missing:
        raise MissingColumnError(f"{path} has no column {', '.join(missing)}.")


def _need_type(given: pa.DataType, field: pa.Field, path: Path) -> None:
    """A type that can hold what the column means; text always can."""
    types = pa.types
    if types.is_dictionary(given):
        given = given.value_type
    text = types.is_string(given) or types.is_large_string(given) or types.is_string_view(given) or types.is_null(given)
    fits = {
        "submitted_at": types.is_timestamp(given) or types.is_date(given),
        "birth_date": types.is_timestamp(given) or types.is_date(given),
        "phone_verified": types.is_boolean(given) or types.is_integer(given),
        "email_verified": types.is_boolean(given) or types.is_integer(given),
    }.get(field.name, types.is_integer(given) and field.name not in ("full_name", "email", "selfie", "sex"))
    if not (text or fits):
        raise WrongTypeError(f"Column {field.name} of {path} is {given}, which cannot hold {field.type}.")


def _refuse_duplicates(db: duckdb.DuckDBPyConnection) -> None:
    twice = db.execute(
        """SELECT registration_id FROM cleaned WHERE registration_id IS NOT NULL
           GROUP BY registration_id HAVING count(*) > 1 ORDER BY registration_id LIMIT 1"""
    ).fetchall()
    if twice:
        identifier = twice[0][0]
        found = db.execute("SELECT DISTINCT file FROM cleaned WHERE registration_id = ? ORDER BY file", [identifier])
        delivered = [name for (name,) in found.fetchall()]
        raise DuplicateRegistrationError(
            f"registration_id {identifier} stands more than once: {' and '.join(delivered)}."
        )


def _record(
    work: Path,
    delivered: list[Path],
    paths: list[Path],
    per_file: dict[str, int],
    aside: list[tuple[str, int, str]],
    unreadable: dict[str, int],
    taken_in: int,
) -> IngestCounts:
    """Writes what was set aside, and the counts that the report reads."""
    aside = sorted(aside)
    columns = list(zip(*aside, strict=True)) if aside else [(), (), ()]
    table = pa.table(dict(zip(SET_ASIDE.names, columns, strict=True)), schema=SET_ASIDE)
    files.write_table(table, work / "set_aside.parquet", SET_ASIDE)
    problems = Counter(problem for _, _, problem in aside)
    put_aside = Counter(file for file, _, _ in aside)
    counts = IngestCounts(len(paths), len(delivered) - len(paths), taken_in, len(aside), sum(unreadable.values()))
    files.write_json(
        {
            "taken_in": taken_in,
            "set_aside": len(aside),
            "problems": problems,
            "unreadable_values": unreadable,
            "ignored_files": [p.name for p in delivered if p not in paths],
            "files": [
                {
                    "file": p.name,
                    "read": per_file.get(p.name, 0) + put_aside[p.name],
                    "taken_in": per_file.get(p.name, 0),
                    "set_aside": put_aside[p.name],
                }
                for p in paths
            ],
        },
        work / "ingest.json",
    )
    return counts
