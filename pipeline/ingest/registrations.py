"""Reads the registrations of a wave: any number of files, CSV or Parquet, as strangers deliver them.

A row without an id cannot be decided about and is set aside; so is a record that is no row, and every row of an id that
is on several. Any other fault of a row stays with its application and becomes a reason there. Reads ``landing/``;
writes ``registrations.parquet``, ``repeated.parquet``, ``set_aside.parquet`` and ``ingest.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import IN, REGISTRATIONS, SEXES
from pipeline.domain.errors import DuplicateRegistrationError, EmptyWaveError
from pipeline.domain.said import said
from pipeline.domain.settings import settings
from pipeline.ingest.ingest_record import IngestRecord
from pipeline.ingest.registration_files import Stage
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

_NO_ID, _BAD_ID, _REPEATED = (
    "no registration_id",
    "registration_id with a control character",
    "registration_id repeated",
)
_LANGUAGES = IN["registrations"].column("language").allowed or ()
_TYPED = ("submitted_at", "birth_date", "phone_verified", "email_verified", "sex")
#: What DuckDB may hold of six million rows while it sorts them; the rest is on disk.
_MEMORY = "600MB"


@dataclass(frozen=True)
class IngestCounts:
    """Rows by what became of them; ``ignored`` counts files that are neither CSV nor Parquet, ``quarantined`` those
    that could not be read, ``repeated`` the ids that are on several rows."""

    files: int
    ignored: int
    taken_in: int
    set_aside: int
    unreadable_values: int
    repeated: int = 0
    quarantined: int = 0


def ingest_registrations(store: Store, wave: Wave) -> IngestCounts:
    """Takes in a wave's registrations.

    Raises EmptyWaveError, DuplicateRegistrationError, and where no file can be read the first one's error.
    """
    work, folder = store.work(wave), store.landing(wave, "registrations")
    record, parts = _staged(work, folder, wave)
    with duckdb_sql.connect(work) as db:
        db.execute(f"SET memory_limit = '{_MEMORY}'")
        db.execute(duckdb_sql.sql("pipeline.ingest", "sql/texts"))
        db.execute(duckdb_sql.sql("pipeline.ingest", "sql/moments"))
        db.execute(duckdb_sql.sql("pipeline.ingest", "sql/days"))
        source: dict[str, duckdb_sql.Value] = {"{source}": f"read_parquet({duckdb_sql.path_list(parts)})"}
        db.execute(duckdb_sql.sql("pipeline.ingest", "sql/clean", source | {"$sexes": SEXES, "$languages": _LANGUAGES}))
        _without_id(db, record)
        record.repeated_ids = _repeated(db, record, work)
        columns = ", ".join(REGISTRATIONS.names)
        query = f"""SELECT {columns}, NULL::INTEGER AS from_wave, {duckdb_sql.NUMBERS}, language
                    FROM cleaned ANTI JOIN repeated USING (registration_id)
                    WHERE registration_id IS NOT NULL ORDER BY registration_id"""
        taken_in = duckdb_sql.copy(db, query, work / "registrations.parquet", duckdb_sql.PASSING)
        record.taken_in = dict(
            db.execute(
                """SELECT file, count(*) FROM cleaned ANTI JOIN repeated USING (registration_id)
                   WHERE registration_id IS NOT NULL GROUP BY file"""
            ).fetchall()
        )
        sums = ", ".join(f"coalesce(sum(bad_{name}::INT), 0)::BIGINT" for name in _TYPED)
        record.unreadable = dict(zip(_TYPED, db.execute(f"SELECT {sums} FROM cleaned").fetchall()[0], strict=True))
    if taken_in == 0 and not record.set_aside:
        raise EmptyWaveError(said("no_row", folder=folder))
    record.write(work)
    return IngestCounts(
        len(record.deliveries),
        len(record.ignored),
        taken_in,
        record.set_aside,
        sum(record.unreadable.values()),
        record.repeated_ids,
        len(record.quarantined),
    )


def _staged(work: Path, folder: Path, wave: Wave) -> tuple[IngestRecord, list[Path]]:
    """Every file's rows as text. Raises EmptyWaveError, and the first file's error where none could be read."""
    delivered = sorted(p for p in folder.glob("*") if not p.name.startswith("."))
    paths = [p for p in delivered if p.is_file() and p.name.lower().endswith((".parquet", ".csv", ".csv.gz"))]
    if not paths:
        raise EmptyWaveError(said("no_registrations", wave=str(wave.number), folder=folder))
    stage = Stage(files.fresh(work / "staged"))
    taken = set(paths)
    record = IngestRecord([stage.add(path) for path in paths], [p for p in delivered if p not in taken])
    parts = stage.close()
    if not parts:
        record.write(work)
        for one in record.quarantined:
            assert one.error is not None
            raise one.error
        raise EmptyWaveError(said("no_row", folder=folder))
    return record, parts


def _without_id(db: duckdb.DuckDBPyConnection, record: IngestRecord) -> None:
    """Sets aside the rows that have no id, or one that would read as two."""
    by_name = {one.path.name: one for one in record.deliveries}
    query = "SELECT file, bad_id, count(*) FROM cleaned WHERE registration_id IS NULL GROUP BY ALL ORDER BY ALL"
    for name, bad, count in db.execute(query).fetchall():
        by_name[name].aside.add(0, _BAD_ID if bad else _NO_ID, count)


def _repeated(db: duckdb.DuckDBPyConnection, record: IngestRecord, work: Path) -> int:
    """Sets aside every row of an id that is on several, and writes these ids. Raises DuplicateRegistrationError."""
    db.execute(
        """CREATE OR REPLACE TABLE repeated AS SELECT registration_id FROM cleaned
           WHERE registration_id IS NOT NULL GROUP BY registration_id HAVING count(*) > 1"""
    )
    query = "SELECT file, count(*) FROM cleaned SEMI JOIN repeated USING (registration_id) GROUP BY file ORDER BY file"
    found = db.execute(query).fetchall()
    rows, limits = sum(count for _, count in found), settings().checks
    [(everything,)] = db.execute("SELECT count(*) FROM cleaned").fetchall()
    allowed = min(limits.max_duplicate_id_share * everything, limits.max_duplicate_id_rows)
    if rows - limits.few_rows > allowed:
        count = "SELECT file, count(*) FROM cleaned WHERE registration_id IS NOT NULL GROUP BY file"
        record.taken_in = dict(db.execute(count).fetchall())
        record.write(work)  # for the record of what was delivered
        named = ", ".join(name for name, _ in found[:5])
        raise DuplicateRegistrationError(said("rows_repeated", rows=rows, all=everything, files=named))
    by_name = {one.path.name: one for one in record.deliveries}
    for name, count in found:
        by_name[name].aside.add(0, _REPEATED, count)
    return duckdb_sql.copy(
        db, "SELECT registration_id FROM repeated ORDER BY registration_id", work / "repeated.parquet"
    )
