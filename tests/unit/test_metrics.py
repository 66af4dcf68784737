"""Metrics of a task through Airflow's own StatsD client, to a real UDP socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

SCRIPT = """
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from pipeline.airflow_plugin.metrics import Metrics
from pipeline.domain.errors import StoreError
from pipeline.runtime import progress

stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)  # as Airflow's task runner does
progress.listen(Metrics())
with progress.task("ingest") as counts:
    counts |= {"taken_in": 41, "decree": "SK-1", "again": True}
progress.reporter("verify")(3, 9)
try:
    with progress.task("screen"):
        raise StoreError("x")
except StoreError:
    pass
"""


def said(**environment: str) -> set[str]:
    """What comes to the socket while the script runs as a task would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        metrics = {"AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1"}
        metrics["AIRFLOW__METRICS__STATSD_PORT"] = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, **metrics, **environment}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        came: set[str] = set()
        try:
            while True:
                came.add(server.recv(65_536).decode())
        except TimeoutError:
            return came


def test_counts_are_gauges_and_failures_counters_where_airflow_sends_metrics():
    assert said(AIRFLOW__METRICS__STATSD_ON="True") >= {
        "airflow.gelombang.ingest.taken_in:41|g",
        "airflow.gelombang.verify.done:3|g",
        "airflow.gelombang.verify.total:9|g",
        "airflow.gelombang.screen.failed.StoreError:1|c",
    }
