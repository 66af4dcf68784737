"""A decision for every application, and the tables that follow: cohort, reserve, rejections, review.

Brings screening, draw, verdicts and reviews together; writes the Parquet files of the contract below ``out/``, and puts
the published lists of the draw into the same folder. Layer, retry and messages come from the catalogue, once per
combination of reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.domain import contracts, reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.draw_hash import define_draw
from pipeline.draw.area_draw import area_seats, seated
from pipeline.draw.draw import published_files
from pipeline.draw.seats import allocate
from pipeline.draw.ticket_draw import BEYOND_KK
from pipeline.draw.verdicts import effective_verdicts
from pipeline.screening.rulebook import warning_codes
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

#: Province and regency stay readable. With the serial as well, a birth date would leave a handful of NIKs; a reader who
#: has to tell two rows apart has the code of ``domain/short_code.py``.
_MASKED = """CASE WHEN regexp_full_match(nik, '[0-9]{16}') THEN substr(nik, 1, 4) || repeat('*', 12)
                  ELSE repeat('*', least(coalesce(length(nik), 0), 16)::INT) END"""
_COHORT = (
    "$wave::INTEGER AS wave, {number}, registration_id, nik, full_name, province_code, tier, draw, ticket FROM decided"
)

#: Each output: its contract and the query that fills it, under a total order.
_OUTPUTS: dict[str, tuple[pa.Schema, str]] = {
    "decisions": (
        contracts.DECISIONS,
        """SELECT *, CASE WHEN outcome = 'rejected' THEN combination_retry ELSE 'none' END AS retry
           FROM decided JOIN combinations USING (reasons) LEFT JOIN {returned} USING (registration_id)
           ORDER BY registration_id""",
    ),
    "cohort": (
        contracts.COHORT,
        f"SELECT {_COHORT.format(number='rank')} WHERE outcome = 'accepted' ORDER BY rank",
    ),
    "reserve": (
        contracts.RESERVE,
        f"SELECT {_COHORT.format(number='position')} WHERE outcome = 'reserve' ORDER BY position",
    ),
    "rejections": (
        contracts.REJECTIONS,
        f"""SELECT *, {_MASKED} AS nik_masked, combination_retry AS retry
            FROM decided JOIN combinations USING (reasons) WHERE outcome = 'rejected' ORDER BY registration_id""",
    ),
    "review": (
        contracts.REVIEW,
        """SELECT x.registration_id, x.reasons, x.ticket, p.* EXCLUDE (registration_id, reasons), d.selfie, d.reference
           FROM decided x JOIN {drawn} d USING (registration_id) LEFT JOIN photographed p USING (registration_id)
           WHERE x.outcome = 'review' ORDER BY registration_id""",
    ),
}


@dataclass(frozen=True)
class DecisionCounts:
    """Applications by outcome."""

    accepted: int
    reserve: int
    rejected: int
    review: int


def decide(store: Store, wave: Wave, verdicts: list[Path]) -> DecisionCounts:
    """Decides a wave and writes the tables of the contract below ``work/out``."""
    work = store.work(wave)
    drawn = _read(work / "drawn.parquet")
    with duckdb_sql.connect(work) as db:
        registrations = _read_if_there(work / "registrations.parquet", contracts.INGESTED)
        sources: dict[str, duckdb_sql.Value] = {
            "{screened}": _read(work / "screened.parquet"),
            "{drawn}": drawn,
            "{listed}": f"(SELECT registration_id, position, NULL AS ticket FROM {drawn})",
            "{drawn_by}": "s.registration_id",
            "{verdicts}": effective_verdicts(verdicts, work),
            "{reviews}": _read_if_there(work / "reviews.parquet", contracts.REVIEWS),
            "{returned}": f"(SELECT registration_id, from_wave FROM {registrations} WHERE from_wave IS NOT NULL)",
            "{area}": "d.area" if wave.areas else "NULL",
            "$verified": wave.selfie != "off",
            "$wave": wave.number,
        }
        if wave.beacon:
            sources |= _by_tickets(work, drawn)
        define_draw(db, wave)
        codes: dict[str, duckdb_sql.Value] = {"$codes": reasons.codes(), "$warning_codes": warning_codes()}
        duckdb_sql.run(db, "pipeline.decision", "sql/decoded", {**sources, **codes})
        duckdb_sql.run(db, "pipeline.decision", "sql/decisions", sources)
        duckdb_sql.run(db, "pipeline.decision", "sql/decided", {**sources, **_seats(db, wave)})
        _combinations(db)
        for name, (schema, query) in _OUTPUTS.items():
            if wave.beacon:
                schema = contracts.with_ticket(schema)
            columns = ", ".join(f"CAST({f.name} AS {duckdb_sql.type_of(f.type)}) AS {f.name}" for f in schema)
            order = query[query.rindex("ORDER BY") :]
            rows = f"SELECT {columns} FROM ({duckdb_sql.fill(query, sources)}) {order}"
            duckdb_sql.copy(db, rows, work / "out" / f"{name}.parquet")
        for name in published_files(wave):
            files.copy(work / name, work / "out" / name)
        outcomes = dict(db.execute("SELECT outcome, count(*) FROM decided GROUP BY outcome").fetchall())
    return DecisionCounts(**{outcome: outcomes.get(outcome, 0) for outcome in contracts.OUTCOMES})


def _by_tickets(work: Path, drawn: str) -> dict[str, duckdb_sql.Value]:
    """The sources of a wave with a beacon: whose family card was full in the draw has ``kk_limit``; the order is that
    of their tickets."""
    beyond, screened = _read(work / BEYOND_KK), _read(work / "screened.parquet")
    bit = 1 << reasons.codes().index("kk_limit")
    return {
        "{screened}": f"""(SELECT * REPLACE (CASE
            WHEN registration_id IN (SELECT registration_id FROM {beyond}) THEN mask | {bit} ELSE mask END AS mask)
            FROM {screened})""",
        "{listed}": f"""(SELECT registration_id, position, ticket FROM {drawn}
            UNION ALL SELECT registration_id, position, ticket FROM {beyond})""",
        "{drawn_by}": "d.ticket",
    }


def _seats(db: duckdb.DuckDBPyConnection, wave: Wave) -> dict[str, duckdb_sql.Value]:
    """The places, as values for the decisions' SQL: of each tier, and of each tier with one more person who may hold a
    place. With quotas by area: of each area and of the rest, and the people who are held and miss a place by one."""
    if wave.areas:
        line = "(FROM seat_candidates WHERE NOT held)"
        seats_of = area_seats(db, wave, line)
        placed, near = seated(seats_of, line), seated(seats_of, "seat_candidates", more=1)
        return {
            "{placed_if}": f"registration_id IN (SELECT registration_id FROM ({placed}))",
            "{held_if}": f"registration_id IN (SELECT registration_id FROM ({near}))",
        }
    counts = dict(db.execute("SELECT tier, count(*) FROM seat_candidates WHERE NOT held GROUP BY tier").fetchall())
    priority, public = counts.get("priority", 0), counts.get("public", 0)
    seats = allocate(wave.quota, wave.priority_share, priority, public)
    held_priority = allocate(wave.quota, wave.priority_share, priority + 1, public).priority
    held_public = allocate(wave.quota, wave.priority_share, priority, public + 1).public
    return {
        "{placed_if}": f"place <= CASE tier WHEN 'priority' THEN {seats.priority} ELSE {seats.public} END",
        "{held_if}": f"place <= CASE tier WHEN 'priority' THEN {held_priority} ELSE {held_public} END",
    }


def _combinations(db: duckdb.DuckDBPyConnection) -> None:
    """Layer, retry and messages of every combination of reasons that occurs: a few hundred in a wave of millions."""
    found = [codes for (codes,) in db.execute("SELECT DISTINCT reasons FROM decided").fetchall()]
    table = pa.table(
        {
            "reasons": pa.array(found, contracts.TEXT_LIST),
            "layer": pa.array([reasons.first_layer(codes) for codes in found], pa.string()),
            "combination_retry": pa.array([reasons.retry_of(codes) for codes in found], pa.string()),
            "message_id": pa.array([reasons.messages(codes, "id") for codes in found], pa.string()),
            "message_en": pa.array([reasons.messages(codes, "en") for codes in found], pa.string()),
        }
    )
    db.register("combinations_found", table)
    db.execute("CREATE OR REPLACE TABLE combinations AS FROM combinations_found")
    db.unregister("combinations_found")


def _read(*paths: Path) -> str:
    return f"read_parquet({duckdb_sql.path_list(paths)})"


def _read_if_there(path: Path, schema: pa.Schema) -> str:
    return _read(path) if path.is_file() else f"({duckdb_sql.empty_query(schema)})"
