"""Judges what was delivered: the wave's registrations and every extract, before any application is.

One scan an extract for what needs rows; nulls come from the Parquet footers. Writes Data Docs and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from checks.gate import CheckReport, Metrics, judge
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS, Table
from pipeline.domain.settings import CheckSettings
from pipeline.ingest.extracts import Extract
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

#: Above this many people duplicates are counted in a sample: an exact count of 270 million takes gigabytes.
_EXACT_ROWS = 5_000_000
_SAMPLE = 97


def check_inputs(store_: Store, wave: Wave, extracts: dict[str, Extract], limits: CheckSettings) -> CheckReport:
    """Judges registrations and extracts by the run's limits. Raises CheckFailedError when something must not go on."""
    work = store_.work(wave)
    metrics: dict[str, Metrics] = {}
    with duckdb_sql.connect(work) as db:
        metrics["registrations"] = _registrations(db, work, wave, limits)
        for name, extract in extracts.items():
            metrics[name] = _extract(db, extract, limits)
    return judge(metrics, work / "data_docs" / "inputs", limits)


def _registrations(db: duckdb.DuckDBPyConnection, work: Path, wave: Wave, limits: CheckSettings) -> Metrics:
    source = f"read_parquet('{duckdb_sql.quoted(work / 'registrations.parquet')}')"
    metrics = metrics_of(db, "registrations", source=source, opens=wave.opens, closes=wave.last_moment)
    ingested = files.read_json(work / "ingest.json")
    read = ingested["taken_in"] + ingested["set_aside"]
    unreadable = max(ingested.get("unreadable_values", {}).values(), default=0)  # of the column that has the most
    metrics["unreadable_share"] = _excess(unreadable, ingested["taken_in"], limits)
    return {**metrics, "set_aside_share": _excess(ingested["set_aside"], read, limits)}


def _extract(db: duckdb.DuckDBPyConnection, extract: Extract, limits: CheckSettings) -> Metrics:
    """Metrics of one extract: shares of bad rows, nulls, and its size against the delivery before."""
    # files of one delivery may differ in this: only where all are integers can the quicker comparison be used
    integers = all(pa.types.is_integer(pq.read_schema(path).field("nik").type) for path in extract.files)
    number = "nik" if integers else "as_number(nik)"
    in_range = "coalesce(nik BETWEEN 1000000000000000 AND 9999999999999999, false)"
    raw = metrics_of(
        db,
        extract.name,
        source=duckdb_sql.read(extract.files),
        well_formed=in_range if integers else "regexp_full_match(coalesce(nik::VARCHAR, ''), '[0-9]{16}')",
        number=number,
        sample=1 if extract.rows <= _EXACT_ROWS else _SAMPLE,
        asof=extract.asof,
        **_allowed(EXTRACTS[extract.name]),
    )
    metrics = {
        name.replace("_count", "_share") if name.endswith("_count") else name: (
            _excess(value, extract.rows, limits) if name.endswith("_count") else value
        )
        for name, value in raw.items()
    }
    filled = [column.name for column in EXTRACTS[extract.name].columns if column.filled]
    metrics |= {f"null_share_{n}": _excess(_nulls(db, extract, n), extract.rows, limits) for n in filled}
    if extract.previous_rows:
        metrics["rows_vs_previous"] = (extract.rows + limits.few_rows) / extract.previous_rows
        if extract.name == "population":
            metrics["least_province_vs_previous"] = _least_province(db, extract, limits)
    return metrics


def _allowed(contract: Table) -> dict[str, tuple[str, ...]]:
    """The values that each column may have, for ``$<column>_allowed`` in the SQL of the extract."""
    return {f"{column.name}_allowed": column.allowed for column in contract.columns if column.allowed}


def _excess(bad: float, rows: float, limits: CheckSettings) -> float:
    """Share of bad rows beyond the few that are everyday life."""
    return max(0.0, bad - limits.few_rows) / max(rows, 1.0)


def _nulls(db: duckdb.DuckDBPyConnection, extract: Extract, column: str) -> int:
    """Nulls of a column, from the footers; from the column itself where a footer does not say."""
    total = 0
    for path in extract.files:
        footer = pq.read_metadata(path)
        index = footer.schema.to_arrow_schema().get_field_index(column)
        statistics = [footer.row_group(i).column(index).statistics for i in range(footer.num_row_groups)]
        if all(s is not None and s.has_null_count for s in statistics):
            total += sum(s.null_count for s in statistics)
        else:
            query = f"SELECT count(*) - count({column}) FROM read_parquet('{duckdb_sql.quoted(path)}')"
            total += db.execute(query).fetchall()[0][0]
    return total


def _least_province(db: duckdb.DuckDBPyConnection, extract: Extract, limits: CheckSettings) -> float:
    """Of all provinces, the smallest size against the delivery before; 0 when one is missing."""
    count = "SELECT province_code, count(*) AS n FROM {} WHERE province_code IS NOT NULL GROUP BY ALL"
    now, before = (count.format(duckdb_sql.read(paths)) for paths in (extract.files, extract.previous_files))
    query = f"""SELECT coalesce(min((coalesce(now.n, 0) + {limits.few_rows}) / before.n), 1)
                FROM ({before}) before LEFT JOIN ({now}) now USING (province_code)"""
    least: float = db.execute(query).fetchall()[0][0]
    return least


def metrics_of(db: duckdb.DuckDBPyConnection, name: str, **values: duckdb_sql.Value) -> Metrics:
    """The single row of ``sql/<name>.sql``; texts are its relations, everything else its values."""
    holes = {f"{{{k}}}" if isinstance(v, str) else f"${k}": v for k, v in values.items()}
    result = duckdb_sql.run(db, "checks", f"sql/{name}", holes)
    assert result.description is not None
    names = [column[0] for column in result.description]
    return {k: float(v or 0) for k, v in zip(names, result.fetchall()[0], strict=True)}
