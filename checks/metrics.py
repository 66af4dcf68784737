"""Figures from SQL: a file of ``sql/`` gives one row of counts; shares and limits are made of these."""

from __future__ import annotations

import duckdb

from checks.gate import Metrics
from pipeline.domain.settings import CheckSettings
from pipeline.storage import duckdb_sql


def metrics_of(db: duckdb.DuckDBPyConnection, name: str, **values: duckdb_sql.Value) -> Metrics:
    """The single row of ``sql/<name>.sql``; texts fill its relations, everything else its values."""
    holes = {f"{{{k}}}" if isinstance(v, str) else f"${k}": v for k, v in values.items()}
    result = duckdb_sql.run(db, "checks", f"sql/{name}", holes)
    assert result.description is not None
    names = [column[0] for column in result.description]
    return {k: float(v or 0) for k, v in zip(names, result.fetchall()[0], strict=True)}


def excess(bad: float, rows: float, limits: CheckSettings) -> float:
    """Share of bad rows beyond a few, which are normal."""
    return max(0.0, bad - limits.few_rows) / max(rows, 1.0)


def judged_both_ways(counts: Metrics, rows: float, limits: CheckSettings) -> Metrics:
    """Each ``…_count`` as ``…_share`` and ``…_rows``: 2 % of a national register are a million people.

    Where every row is bad, a small number does not excuse it: the column is empty, or has other words.
    """
    found: Metrics = {}
    for name, count in counts.items():
        if "_count" not in name:
            found[name] = count
            continue
        share = 1.0 if count >= rows > 0 else excess(count, rows, limits)
        found |= {name.replace("_count", "_share"): share, name.replace("_count", "_rows"): count}
    return found


def share_in_other_words(other: float, known: float, limits: CheckSettings) -> float:
    """The people of a group whom the register names by words that no rule has."""
    return 1.0 if other > 0 and known == 0 else excess(other, other + known, limits)
