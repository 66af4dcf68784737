"""Once a week: data whose retention period has ended is deleted. The work is done by ``pipeline/publication``."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from pipeline import periodic_tasks
from pipeline.airflow_plugin.failure_alerts import on_failure
from pipeline.airflow_plugin.local_run import data_root
from pipeline.storage.modes import keep_private


@dag(
    dag_id="retention",
    schedule="@weekly",
    catchup=False,
    max_active_runs=1,
    tags=["gelombang"],
    default_args={"on_failure_callback": on_failure()},
    doc_md=__doc__,
)
def retention() -> None:
    @task(doc_md=periodic_tasks.purge.__doc__)
    def purge() -> Any:
        keep_private()
        return periodic_tasks.purge(data_root())

    purge()


DAG_OBJECT = retention()
