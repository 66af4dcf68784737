"""Who may send a new photograph and nothing else: the programme's own system did not offer this.

Reads a run's registrations and decisions; writes ``out/retries.parquet``, the applications as they were made, which the
next waves take back when a re-upload names them (``ingest/reuploads.py``).
"""

from __future__ import annotations

from pathlib import Path

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import COHORT, RETRIES
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store


def write_retries(store: Store, wave: Wave) -> int:
    """Writes the applications of a wave that failed only because of their photograph; returns how many."""
    work = store.work(wave)
    with duckdb_sql.connect(work) as db:
        columns = ", ".join(f"r.{name}" for name in RETRIES.names)
        query = f"""SELECT {columns}
                    FROM read_parquet('{duckdb_sql.quoted(work / "registrations.parquet")}') r
                    JOIN read_parquet('{duckdb_sql.quoted(work / "out" / "decisions.parquet")}')
                        d USING (registration_id)
                    WHERE d.outcome = 'rejected' AND d.retry = 'photo' ORDER BY r.registration_id"""
        return duckdb_sql.copy(db, query, work / "out" / "retries.parquet")


def list_retries(store: Store, wave: Wave, out: Path) -> int:
    """Writes who may send a new photograph as CSV, without NIK or name: id, wave of the application, reasons.

    People who were accepted since, in any wave, are not on it. Returns how many are.
    """
    folder = store.out(wave)
    cohorts = store.cohorts()
    accepted = duckdb_sql.read(cohorts) if cohorts else f"({duckdb_sql.empty_query(COHORT)})"
    with duckdb_sql.connect(store.work(wave)) as db:
        query = f"""SELECT registration_id, coalesce(from_wave, {wave.number}) AS from_wave,
                        array_to_string(reasons, ' ') AS reasons
                    FROM read_parquet('{duckdb_sql.quoted(folder / "decisions.parquet")}') d
                    WHERE outcome = 'rejected' AND retry = 'photo'
                        AND NOT EXISTS (
                            SELECT 1 FROM {accepted} a WHERE as_number(a.nik) = as_number(d.nik))
                    ORDER BY registration_id"""
        return duckdb_sql.copy_csv(db, query, out)
