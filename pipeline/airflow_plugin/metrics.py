"""The counts of a task as metrics of Airflow: StatsD or OpenTelemetry, where Airflow sends its metrics.

``gelombang.<task>.<count>`` is a gauge, such as ``gelombang.ingest.taken_in``. Counts only: no wave's people, no id.
Where Airflow has no metrics switched on, nothing is sent.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.observability import stats

log = logging.getLogger("gelombang")


class Metrics:
    """A listener of ``pipeline.runtime.progress``."""

    def started(self, task: str) -> None:
        """Nothing: Airflow itself has a metric for the start."""

    def advanced(self, task: str, done: int, total: int) -> None:
        """Photographs done, and how many there are."""
        _gauge(f"{task}.done", done)
        _gauge(f"{task}.total", total)

    def finished(self, task: str, counts: dict[str, Any]) -> None:
        """Every count of the task that is a number."""
        for name, value in counts.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                _gauge(f"{task}.{name}", value)

    def failed(self, task: str, error: BaseException) -> None:
        """The kind of error, counted."""
        _sent(lambda: stats.incr(f"gelombang.{task}.failed.{type(error).__name__}"))


def _gauge(name: str, value: float) -> None:
    _sent(lambda: stats.gauge(f"gelombang.{name}", value))


def _sent(send: Any) -> None:
    try:
        send()
    except Exception as e:  # a metric that cannot be sent is no reason to fail
        log.debug("A metric could not be sent: %s.", e)
