"""Judges what was delivered: the wave's registrations and every extract, before any application is.

One scan an extract for what needs rows; nulls come from the Parquet footers. Writes Data Docs and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from checks.extracts import extract_metrics
from checks.gate import CheckReport, Metrics, stop, verdict
from checks.metrics import excess, metrics_of
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import CheckSettings
from pipeline.ingest.extracts import REGENCY, Extract
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store


def check_inputs(store: Store, wave: Wave, extracts: dict[str, Extract], limits: CheckSettings) -> CheckReport:
    """Judges registrations and extracts by the run's limits. Raises CheckFailedError when something must not go on."""
    return stop(judge_inputs(store.work(wave), wave, extracts, limits))


def judge_inputs(
    work: Path, wave: Wave, extracts: dict[str, Extract], limits: CheckSettings, *, registrations: bool = True
) -> CheckReport:
    """The same without an error; what fails is in the report. ``registrations``: they were ingested into ``work``."""
    metrics: dict[str, Metrics] = {}
    with duckdb_sql.connect(work) as db:
        if registrations:
            metrics["registrations"] = _registrations(db, work, wave, limits)
        for name, extract in extracts.items():
            metrics[name] = extract_metrics(db, extract, limits, (REGENCY,) if wave.regencies else ())
    return verdict(metrics, work / "data_docs" / "inputs", limits)


def _registrations(db: duckdb.DuckDBPyConnection, work: Path, wave: Wave, limits: CheckSettings) -> Metrics:
    source = f"read_parquet('{duckdb_sql.quoted(work / 'registrations.parquet')}')"
    metrics = metrics_of(db, "registrations", source=source, opens=wave.opens, closes=wave.last_moment)
    ingested = files.read_json(work / "ingest.json")
    taken_in, set_aside = ingested["taken_in"], ingested["set_aside"]
    unreadable = max(ingested.get("unreadable_values", {}).values(), default=0)  # of the column with the largest number
    return {
        **metrics,
        "unreadable_share": excess(unreadable, taken_in, limits),
        "unreadable_rows": unreadable,
        "set_aside_share": excess(set_aside, taken_in + set_aside, limits),
        "set_aside_rows": set_aside,
    }
