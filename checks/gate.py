"""great_expectations as the judge of metrics: one small frame a table, a verdict, and Data Docs that are kept.

Knows no waves, and of the rules only the words that they can read. Only figures reach it – no row, no NIK, no
name – so its pages can be shown to anyone.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from checks.data_docs import stand_alone
from pipeline.domain.errors import CheckFailedError
from pipeline.domain.said import Said, filled, said
from pipeline.domain.settings import CheckSettings
from pipeline.screening.rulebook import lists, words

Metrics = dict[str, float]
#: The default limits.
AS_DOCUMENTED = CheckSettings()
_PAGES = {"view": {"module_name": "checks.page_view", "class_name": "PageView"}}


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold."""

    table: str
    metric: str
    expectation: str
    observed: float
    limit: Said
    fatal: bool
    expected: str = ""

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> Said:
        """The failure as a sentence, in both languages."""
        name, found = f"{self.table}.{self.metric}", f"{self.observed:.6g}"
        expected = self.expected.with_each(lambda text: f". {text}") if isinstance(self.expected, Said) else ""
        return said("failed", name=name, observed=found, limit=self.limit, why=self.expectation, expected=expected)


@dataclass(frozen=True)
class CheckReport:
    """What was judged: how many expectations, and which failed."""

    judged: int
    failures: tuple[Failure, ...]
    docs: Path

    def counts(self) -> dict[str, int]:
        """For logs and XCom."""
        return {"expectations": self.judged, "warnings": len(self.failures)}


@lru_cache(maxsize=1)
def expectations() -> tuple[dict[str, Any], ...]:
    """The rows of ``expectations.toml``, one table and one metric each."""
    raw = tomllib.loads((files("checks") / "expectations.toml").read_text(encoding="utf-8"))
    read = {name: _in_words(texts) for name, texts in raw["expected"].items()}
    return tuple(
        {**row, "table": table, "metric": metric, "expected": read.get(row.get("expected"), "")}
        for row in raw["expectation"]
        for table in _listed(row["table"])
        for metric in _listed(row["metric"])
    )


def _in_words(texts: dict[str, str]) -> Said:
    """What is expected, with the values that the rules know: ``{bansos_status}`` names a list of ``rules.toml``."""
    known = {**words(), **lists()}
    return filled(texts, {name: ", ".join(values) for name, values in known.items()})


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def judge(metrics: dict[str, Metrics], docs: Path, limits: CheckSettings = AS_DOCUMENTED) -> CheckReport:
    """As ``verdict``, for a wave that is run. Raises CheckFailedError if a failure is fatal; it names expectation,
    table, figure and limit."""
    return stop(verdict(metrics, docs, limits))


def stop(report: CheckReport) -> CheckReport:
    """The report unchanged. Raises CheckFailedError if one of its failures is fatal."""
    if fatal := [failure for failure in report.failures if failure.fatal]:
        raise CheckFailedError("; ".join(map(str, fatal)) + f". Data Docs: {report.docs / 'index.html'}")
    return report


def verdict(metrics: dict[str, Metrics], docs: Path, limits: CheckSettings = AS_DOCUMENTED) -> CheckReport:
    """Judges the metrics of each table. Metrics that were not computed (no earlier delivery, say) are not judged.

    ``limits``: those of the run. Writes Data Docs, and nothing else, below ``docs``.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    shutil.rmtree(docs, ignore_errors=True)  # the pages of an earlier run
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.delete_data_docs_site("local_site")
    context.add_data_docs_site(
        "gelombang",
        {
            "class_name": "SiteBuilder",
            "site_section_builders": {"expectations": _PAGES, "validations": _PAGES, "profiling": "none"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        },
    )
    source = context.data_sources.add_pandas("metrics")
    failures: list[Failure] = []
    judged = 0
    for table, values in metrics.items():
        rows = [row for row in expectations() if row["table"] == table and row["metric"] in values]
        if not rows:
            continue
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe(table)
        bounds = [(row["metric"], *_limits(row, limits)) for row in rows]
        # of a frame with one row the greatest value is the figure; it costs half of asking each value
        between = gx.expectations.ExpectColumnMaxToBeBetween
        expected = [between(column=metric, min_value=low, max_value=high) for metric, low, high in bounds]
        suite = context.suites.add(gx.ExpectationSuite(table, expectations=expected))
        validation = context.validation_definitions.add(gx.ValidationDefinition(name=table, data=batch, suite=suite))
        frame = pd.DataFrame({name: [float(value)] for name, value in values.items()})
        result = validation.run(batch_parameters={"dataframe": frame})
        judged += len(rows)
        for row, one in zip(rows, _in_order(result, rows), strict=True):
            if not one.success:
                failures.append(_failure(row, values[row["metric"]], one.expectation_config.type, limits))
    context.build_data_docs(build_index=False)  # the index is ours
    stand_alone(docs, {failure.table for failure in failures})
    return CheckReport(judged, tuple(failures), docs)


def _in_order(result: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """Results in the order of our rows: great_expectations gives them by column."""
    by_column = {one.expectation_config.kwargs["column"]: one for one in result.results}
    return [by_column[row["metric"]] for row in rows]


def _limits(row: dict[str, Any], limits: CheckSettings) -> tuple[float | None, float | None]:
    low, high = (getattr(limits, v) if isinstance(v := row.get(k), str) else v for k in ("min", "max"))
    return low, high


def _failure(row: dict[str, Any], observed: float, expectation: str, limits: CheckSettings) -> Failure:
    low, high = _limits(row, limits)
    limit = said("at_least", limit=f"{low:g}") if low is not None else said("at_most", limit=f"{high:g}")
    return Failure(row["table"], row["metric"], expectation, observed, limit, row.get("fatal", True), row["expected"])
