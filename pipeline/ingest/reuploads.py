"""Photo-only re-uploads: an application that failed only because of its photograph comes back with a new one and with
the same data.

Reads ``landing/wave-NNNN/reuploads``, the decisions and ``retries.parquet`` of earlier waves; writes
``reuploads.parquet`` (what became of each) and adds those taken in to ``registrations.parquet``. They are then screened
like all others, by the new wave's rules and extracts.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import DECISIONS, INGESTED, REPEATED, RETRIES, REUPLOADED, REUPLOADS
from pipeline.ingest.optional_deliveries import delivered, rows_of
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class ReuploadCounts:
    """Re-uploads taken in, refused by problem, and rows or files that could not be read at all."""

    taken_in: int
    refused: dict[str, int]
    set_aside: int


@lru_cache(maxsize=1)
def problems() -> dict[str, dict[str, str]]:
    """The reasons to refuse a re-upload: the message of each code by language."""
    return tomllib.loads((files("pipeline.ingest") / "reuploads.toml").read_text(encoding="utf-8"))


def ingest_reuploads(store: Store, wave: Wave) -> ReuploadCounts:
    """Takes a wave's re-uploads in, after its registrations."""
    work = store.work(wave)
    rows, aside = delivered(store, wave, "reuploads")
    with duckdb_sql.connect(work) as db:
        rows_of(db, rows, REUPLOADS)
        registrations = f"read_parquet('{duckdb_sql.quoted(work / 'registrations.parquet')}')"
        retries = _earlier(store, wave, "retries", RETRIES)
        sources = {
            "{decisions}": _earlier(store, wave, "decisions", DECISIONS),
            "{registrations}": registrations,
            "{repeated}": _repeated(work),
            "{retries}": retries,
            "{accepted}": _accepted(store.earlier_cohorts(wave)),
        }
        window = {"$opens": wave.opens, "$closes": wave.last_moment}
        duckdb_sql.run(db, "pipeline.ingest", "sql/reuploads", {**sources, **window})
        _write_outcomes(db, work)
        refused = dict(
            db.execute(
                "SELECT problem, count(*) FROM settled WHERE problem NOT NULL GROUP BY ALL ORDER BY 1"
            ).fetchall()
        )
        [(nameless,)] = db.execute("SELECT count(*) FROM rows WHERE registration_id IS NULL").fetchall()
        taken_in = _come_back(db, registrations, retries, work)
    return ReuploadCounts(taken_in, refused, aside + nameless)


def _accepted(cohorts: list[Path]) -> str:
    """Who has a place of an earlier wave, by NIK and, where the cohort has it, name."""
    people = duckdb_sql.empty_query(pa.schema([("nik", pa.string()), ("full_name", pa.string())]))
    if cohorts:
        people = f"{people} UNION ALL BY NAME FROM {duckdb_sql.read(cohorts)}"
    return (
        f"SELECT as_number(nik) AS number, letters_of(full_name) AS bare_name FROM ({people}) WHERE as_number(nik) > 0"
    )


def _repeated(work: Path) -> str:
    """The ids that several registrations of this wave share, as a relation."""
    path = work / "repeated.parquet"
    return f"'{duckdb_sql.quoted(path)}'" if path.is_file() else f"({duckdb_sql.empty_query(REPEATED)})"


def _write_outcomes(db: duckdb.DuckDBPyConnection, work: Path) -> None:
    """Writes what became of each re-upload, with what the applicant reads."""
    texts = pa.table(
        {"problem": list(problems()), **{f"message_{x}": [m[x] for m in problems().values()] for x in ("id", "en")}}
    )
    db.register("texts", texts)
    duckdb_sql.copy(
        db,
        f"""SELECT {", ".join(REUPLOADED.names)} FROM settled LEFT JOIN texts USING (problem)
            ORDER BY registration_id, submitted_at, from_wave, selfie, problem""",
        work / "reuploads.parquet",
    )


def _come_back(db: duckdb.DuckDBPyConnection, registrations: str, retries: str, work: Path) -> int:
    """Adds the applications that come back to the wave's registrations; returns how many."""
    columns = ", ".join(INGESTED.names)
    db.execute(
        f"""CREATE OR REPLACE TABLE returned AS
            SELECT r.* REPLACE (s.submitted_at AS submitted_at, s.selfie AS selfie, s.made AS from_wave)
            FROM settled s
            JOIN (SELECT *, wave_of(filename) AS refused_in FROM {retries}) r USING (registration_id, refused_in)
            WHERE s.problem IS NULL"""
    )
    [(count,)] = db.execute("SELECT count(*) FROM returned").fetchall()
    if count:
        back = f"SELECT {', '.join(RETRIES.names)}, {duckdb_sql.NUMBERS}, NULL::VARCHAR AS language FROM returned"
        everyone = f"SELECT {columns} FROM {registrations} UNION ALL {back}"
        query = f"SELECT * FROM ({everyone}) ORDER BY registration_id"
        duckdb_sql.copy(db, query, work / "registrations.parquet", duckdb_sql.PASSING)
    return int(count)


def _earlier(store: Store, wave: Wave, name: str, schema: pa.Schema) -> str:
    """A table of all earlier waves as one relation with ``filename``; columns that an old file lacks are null."""
    paths = [path for path in store.outputs(f"{name}.parquet") if path.parent.name < wave.key]
    empty = duckdb_sql.empty_query(schema.append(pa.field("filename", pa.string())))
    if not paths:
        return f"({empty})"
    read = (
        f"read_parquet({duckdb_sql.path_list(paths)}, filename = true, union_by_name = true, hive_partitioning = false)"
    )
    return f"({empty} UNION ALL BY NAME SELECT * FROM {read})"
