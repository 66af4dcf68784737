"""Metrics of one extract: bad values, missing values, its size, and whether the rules can read its values.

``pipeline/screening/rules.toml`` has the values that the rules can read. One scan an extract, and one more of a single
column.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from checks.columns import missing
from checks.gate import Metrics, expectations
from checks.metrics import judged_both_ways, metrics_of, share_in_other_words
from pipeline.domain.contracts import EXTRACTS
from pipeline.domain.settings import CheckSettings
from pipeline.ingest.extracts import Extract
from pipeline.screening.offices import define_offices
from pipeline.screening.rulebook import lists, words
from pipeline.storage import duckdb_sql

#: Above this many people duplicates are counted in a sample: an exact count of 270 million takes gigabytes.
_EXACT_ROWS = 5_000_000
_SAMPLE = 97
#: Metrics that are meaningful only for a large register: a village of forty may have no soldier.
_OF_MANY = ("one_birth_day_share", "one_birth_day_rows", "active_rows", "missing_offices")


def extract_metrics(
    db: duckdb.DuckDBPyConnection, extract: Extract, limits: CheckSettings, wanted: Collection[str] = ()
) -> Metrics:
    """Shares and counts of bad rows, and the extract's size against the delivery before.

    ``wanted``: the optional columns that somebody asks for; nobody judges the others.
    """
    counts = metrics_of(
        db,
        extract.name,
        source=duckdb_sql.read(extract.files),
        well_formed=_well_formed(extract, "nik"),
        kk_well_formed=_well_formed(extract, "kk") if extract.name == "population" else "true",
        number="nik" if _integers(extract, "nik") else "as_number(nik)",
        sample=1 if extract.rows <= _EXACT_ROWS else _SAMPLE,
        asof=extract.asof,
        **{f"{name}_words": values for name, values in words().items()},
    )
    judged = {row["metric"] for row in expectations() if row["table"] == extract.name}
    for column in EXTRACTS[extract.name].columns:
        if f"null_share_{column.name}" in judged and (column.required or column.name in wanted):
            counts[f"null_count_{column.name}"] = missing(db, extract, column.name)
    metrics = judged_both_ways(counts, extract.rows, limits)
    if extract.name == "population":
        metrics |= _occupations(db, extract, limits)
    if extract.name == "bansos":
        other, known = counts["wage_in_other_words"], counts["wage"]
        metrics["wage_in_other_words_share"] = share_in_other_words(other, known, limits)
    if extract.previous_rows:
        metrics |= _against_previous(db, extract, extract.previous_rows, limits)
    if extract.rows < limits.many_rows:
        metrics = {name: value for name, value in metrics.items() if name not in _OF_MANY}
    return metrics


def _integers(extract: Extract, column: str) -> bool:
    """Whether all files have integers: files of one delivery may differ in this, and a number is compared faster."""
    return all(pa.types.is_integer(pq.read_schema(path).field(column).type) for path in extract.files)


def _well_formed(extract: Extract, column: str) -> str:
    """SQL that is true for what the screening reads as sixteen digits; an integer of fewer has lost some."""
    if _integers(extract, column):
        return f"coalesce({column} BETWEEN 1000000000000000 AND 9999999999999999, false)"
    plain = f"regexp_full_match({column}::VARCHAR, '[0-9]{{16}}')"  # nearly all: no number need be made of them
    return f"CASE WHEN {plain} THEN true ELSE as_number({column}) IS NOT NULL END"


def _occupations(db: duckdb.DuckDBPyConnection, extract: Extract, limits: CheckSettings) -> Metrics:
    """Whether the register names occupations in the words that the rule of excluded occupations knows."""
    define_offices(db)  # the rule's own definition of an office
    counts = metrics_of(db, "occupations", source=duckdb_sql.read(extract.files), **lists(), **words())
    other, known = counts.pop("office_in_other_words"), counts.pop("in_office")
    named = counts.pop("named")
    found = judged_both_ways(counts, named, limits)
    return {**found, "office_in_other_words_share": share_in_other_words(other, known, limits)}


def _against_previous(db: duckdb.DuckDBPyConnection, extract: Extract, before: int, limits: CheckSettings) -> Metrics:
    """Its size against the delivery before, as a share and in rows."""
    found = {
        "rows_vs_previous": (extract.rows + limits.few_rows) / before,
        "lost_rows": max(0.0, before - extract.rows),
    }
    if extract.name == "population":
        now, then = (duckdb_sql.read(paths) for paths in (extract.files, extract.previous_files))
        found |= metrics_of(db, "provinces", now=now, before=then, few=limits.few_rows)
    return found
