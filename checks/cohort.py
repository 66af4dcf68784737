"""Judges a cohort before anybody sees it: no place twice, none beyond the quota, every decision made."""

from __future__ import annotations

from checks.gate import CheckReport, judge
from checks.metrics import metrics_of
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import OUTCOMES
from pipeline.ingest.extracts import Extract
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store


def check_cohort(store: Store, wave: Wave, blacklist: Extract | None = None) -> CheckReport:
    """Judges ``out/`` of a run. Raises CheckFailedError; then nothing reaches ``waves/``.

    With the wave's blacklist: people who were on it by the closing day may not be in the cohort.
    """
    work = store.work(wave)
    tables = {
        "cohort": work / "out" / "cohort.parquet",
        "decisions": work / "out" / "decisions.parquet",
        "registrations": work / "registrations.parquet",
    }
    with duckdb_sql.connect(work) as db:
        sources = {name: f"read_parquet('{duckdb_sql.quoted(path)}')" for name, path in tables.items()}
        if (repeated := work / "repeated.parquet").is_file():  # ids that are on several rows are decided as well
            sources["registrations"] = f"""(SELECT registration_id FROM {sources["registrations"]} UNION ALL
                FROM read_parquet('{duckdb_sql.quoted(repeated)}'))"""
        metrics = metrics_of(db, "cohort", quota=wave.quota, outcomes=OUTCOMES, **sources)
        if blacklist is not None:
            listed = duckdb_sql.read(blacklist.files)
            metrics |= metrics_of(db, "blacklisted", cohort=sources["cohort"], blacklist=listed, day=wave.closing_day)
    return judge({"cohort": metrics}, work / "data_docs" / "cohort")
