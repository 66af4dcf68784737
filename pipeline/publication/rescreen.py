"""The last screening before publication: the approved cohort is screened again, on the newest extracts.

Works in a folder of its own (``work/wave-NNNN/publication``). The files of the run do not change, so that a backfill
finds the same bytes. Rules and ages are those of the wave's closing day. Registers and blacklist are today's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from checks.cohort import check_cohort
from checks.inputs import check_inputs
from pipeline.decision.decide import decide
from pipeline.domain.contracts import BEYOND_KK as FULL_CARDS
from pipeline.domain.contracts import COHORT, DRAWN, DRAWN_TICKETS, RETRIES
from pipeline.domain.errors import WaveNotRunError
from pipeline.draw.draw import published_files
from pipeline.draw.full_cards import beyond_limit
from pipeline.draw.ticket_draw import BEYOND_KK
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.ingest.extracts import resolve_extracts
from pipeline.screening.screen import screen
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import LAST_SCREENING
from pipeline.wave_run.opening import kk_limit
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.same_person import compare
from pipeline.wave_run.selfie_rounds import refill_places, verdict_files


@dataclass(frozen=True)
class Rescreened:
    """The plan of the last screening, with its extracts and its folder, and the cohort that it left."""

    plan: Plan
    cohort: Path

    @property
    def decisions(self) -> Path:
        """What it decided about everybody whom it screened; not there where nobody was left."""
        return self.plan.work / "out" / "decisions.parquet"


def rescreen(run: Plan, today: date) -> Rescreened:
    """Screens the cohort of a finished run again. With ``refill`` the next people of the draw take the empty places.

    Raises WaveNotRunError, and the errors of a bad extract.
    """
    if not (run.work / "registrations.parquet").is_file() or not (run.store.out(run.wave) / "cohort.parquet").is_file():
        raise WaveNotRunError(f"What wave {run.wave.number} was decided on is no longer below {run.work}.")
    extracts = resolve_extracts(run.store, run.wave, until=today)
    # a tier does not change after the draw: the priority list is that of the run
    listed = run.extracts.get("priority")
    extracts = {name: extract for name, extract in {**extracts, "priority": listed}.items() if extract}
    screening = replace(run, store=run.store.aside(LAST_SCREENING), extracts=extracts)
    files.fresh(screening.work)
    if _write_candidates(run, screening) == 0:
        empty = files.write_table(COHORT.empty_table(), screening.work / "out" / "cohort.parquet", COHORT)
        return Rescreened(screening, empty)
    check_inputs(screening.store, screening.wave, screening.extracts, screening.settings.checks)
    screen(screening.store, screening.wave, screening.extracts, listed_by=today)
    _draw_without_refused(run, screening)
    approved = files.application_ids(run.store.out(run.wave) / "cohort.parquet")
    while refill_places(screening):  # the people of each round are compared too
        compare(screening, today, approved)
    decide(screening.store, screening.wave, verdict_files(screening))
    check_cohort(screening.store, screening.wave, screening.extracts.get("blacklist"))
    return Rescreened(screening, screening.work / "out" / "cohort.parquet")


def _write_candidates(run: Plan, screening: Plan) -> int:
    """Writes the registrations of the cohort, and with ``refill`` of everyone in the draw. Returns their number."""
    source = run.work / "drawn.parquet" if run.wave.refill else run.store.out(run.wave) / "cohort.parquet"
    with duckdb_sql.connect(screening.work) as db:
        columns = ", ".join(RETRIES.names)
        # the number columns are computed here, because runs of older versions do not have them
        query = f"""SELECT {columns}, {duckdb_sql.NUMBERS}
                    FROM read_parquet('{duckdb_sql.quoted(run.work / "registrations.parquet")}')
                    WHERE registration_id IN (SELECT registration_id FROM read_parquet('{duckdb_sql.quoted(source)}'))
                    ORDER BY registration_id"""
        count = duckdb_sql.copy(db, query, screening.work / "registrations.parquet", duckdb_sql.PASSING)
    files.write_json({"taken_in": count, "set_aside": 0}, screening.work / "ingest.json")
    return count


def _draw_without_refused(run: Plan, screening: Plan) -> None:
    """Writes the draw of the run, without the applications that the last screening refused. Copies the other files of
    the run that a decision needs: its lists, verdicts and reviews."""
    with duckdb_sql.connect(screening.work) as db:
        columns = DRAWN_TICKETS.names if run.wave.beacon else DRAWN.names
        columns = [*columns, *(["area"] if run.wave.areas else [])]  # an area does not change after the draw
        screened = duckdb_sql.quoted(screening.work / "screened.parquet")
        query = f"""SELECT {", ".join(columns)} FROM read_parquet('{duckdb_sql.quoted(run.work / "drawn.parquet")}')
                    WHERE registration_id IN (
                        SELECT registration_id FROM read_parquet('{screened}') WHERE mask = 0)
                    ORDER BY position"""
        if run.wave.beacon:
            query = _without_full_cards(db, query, screening)
        duckdb_sql.copy(db, query, screening.work / "drawn.parquet")
    (screening.work / "verdicts").mkdir()
    for path in verdict_files(run):
        files.copy(path, screening.work / "verdicts" / f"run-{path.name}")
    for name in (*published_files(run.wave), "reviews.parquet", SAME_PERSON):
        if (run.work / name).is_file():
            files.copy(run.work / name, screening.work / name)


def _without_full_cards(db: duckdb.DuckDBPyConnection, drawn: str, screening: Plan) -> str:
    """The draw without the people whose family card is full by today's register, as a query. Tickets and positions do
    not change. Only for a wave with a beacon: in one with a seed the screening refuses these people."""
    candidates = f"read_parquet('{duckdb_sql.quoted(screening.work / 'candidates.parquet')}')"
    cards = f"(SELECT registration_id, kk_number, kk_earlier FROM {candidates})"
    db.execute(f"CREATE TABLE line AS FROM ({drawn}) JOIN {cards} USING (registration_id)")
    line = db.sql("FROM line ORDER BY position").to_arrow_table()
    full = beyond_limit(line["kk_number"], line["kk_earlier"], kk_limit(screening.wave))
    beyond = files.write_table(line.filter(pa.array(full)), screening.work / BEYOND_KK, FULL_CARDS)
    return f"""SELECT {", ".join(DRAWN_TICKETS.names)} FROM line
               WHERE position NOT IN (SELECT position FROM read_parquet('{duckdb_sql.quoted(beyond)}'))
               ORDER BY position"""
