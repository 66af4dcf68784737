"""Looks every hour for waves that a run has held too long. The task fails if there is one, so that somebody sees it.

Airflow's own deadline is not used: in Airflow 3.3 *Clear* fails on every task of a run that has one
(apache/airflow#70368).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from pipeline import periodic_tasks
from pipeline.airflow_plugin.failure_alerts import on_failure
from pipeline.domain.settings import settings


@dag(
    dag_id="late_waves",
    schedule=CronTriggerTimetable("30 * * * *", timezone="Asia/Jakarta"),
    start_date=datetime(2020, 4, 1),
    catchup=False,
    max_active_runs=1,
    tags=["gelombang"],
    default_args={"on_failure_callback": on_failure()},
    doc_md=__doc__,
)
def late_waves() -> None:
    @task(doc_md=periodic_tasks.late_waves.__doc__, retries=0)
    def late() -> Any:
        return periodic_tasks.late_waves(settings().data)

    late()


DAG_OBJECT = late_waves()
