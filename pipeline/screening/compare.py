"""One application compared with what the registers say about its NIK, by the SQL that screened the wave.

Reads the ingested registrations and the extracts that the wave used; writes nothing but a spill file that it removes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS, RETRIES
from pipeline.ingest.extracts import Extract
from pipeline.screening.name_patterns import define_macros
from pipeline.screening.screen import compare_with_registers, run_step, sources_of
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store

Row = dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """An application, its person in the register (None: malformed or unknown NIK), and what else its NIK is in."""

    application: Row
    person: Row | None
    same_nik: int
    education: list[str] = field(default_factory=list)
    bansos: list[str] = field(default_factory=list)
    blacklisted: bool = False
    listed: bool = False
    accepted: bool = False


def compare(store: Store, wave: Wave, extracts: dict[str, Extract], registration_id: str) -> Compared | None:
    """What an application was compared with; None where the ingested registrations or an extract are gone.

    Scans the extracts for one NIK.
    """
    registrations = store.work(wave) / "registrations.parquet"
    needed = {name for name, contract in EXTRACTS.items() if not contract.optional}
    if not registrations.is_file() or not needed <= extracts.keys():
        return None
    with duckdb_sql.connect(store.work(wave)) as db, TemporaryDirectory(dir=store.work(wave)) as folder:
        own = Path(folder) / "registrations.parquet"
        db.execute(
            f"""CREATE TABLE own AS
                SELECT {", ".join(RETRIES.names)}, {duckdb_sql.NUMBERS}
                FROM '{duckdb_sql.quoted(registrations)}'
                WHERE registration_id = $id OR nik = (
                    SELECT nik FROM '{duckdb_sql.quoted(registrations)}' WHERE registration_id = $id)""",
            {"id": registration_id},
        )
        duckdb_sql.copy(db, "FROM own ORDER BY registration_id", own)
        sources = sources_of(store.work(wave), extracts, store.earlier_cohorts(wave), wave)
        sources["{registrations}"] = f"'{duckdb_sql.quoted(own)}'"
        define_macros(db)
        sources["$with_families"] = False
        run_step(db, "applications", sources)
        compare_with_registers(db, sources, extracts)
        return _compared(db, extracts, registration_id)


def _compared(db: duckdb.DuckDBPyConnection, extracts: dict[str, Extract], registration_id: str) -> Compared | None:
    found = _rows(db, "SELECT * FROM compared WHERE registration_id = ?", registration_id)
    if not found:
        return None
    application = found[0]
    [(several,)] = db.execute("SELECT count(*) FROM applications").fetchall()
    if not application["known"]:
        return Compared(application, None, several)
    person = {
        **application,
        "full_name": application["registered_name"],
        "birth_date": application["registered_birth_date"],
        "kk_number": application["registered_kk"],
    }
    entries = {}
    for name, column in (("education", "register"), ("bansos", "programme")):
        entries[name] = db.execute(
            f"""SELECT DISTINCT upper(tidy({column})) FROM {duckdb_sql.read(extracts[name].files)}
                WHERE lower(tidy(status)) = 'active' AND as_number(nik) = ? ORDER BY 1""",
            [application["number"]],
        ).fetchall()
    known = {
        name: bool(db.execute(f"SELECT 1 FROM {name} WHERE number = ?", [application["number"]]).fetchall())
        for name in ("blacklisted", "listed")
    }
    accepted = db.execute("SELECT 1 FROM earlier WHERE person = ?", [application["person"]]).fetchall()
    return Compared(
        application,
        person,
        several,
        [text for (text,) in entries["education"]],
        [text for (text,) in entries["bansos"]],
        **known,
        accepted=bool(accepted),
    )


def _rows(db: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> list[Row]:
    result = db.execute(query, list(parameters))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
