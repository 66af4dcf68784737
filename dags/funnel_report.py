"""All waves side by side, rewritten after every publication. The work is done by ``pipeline/reports``."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task

from pipeline import periodic_tasks, stages
from pipeline.airflow_plugin.failure_alerts import on_failure
from pipeline.airflow_plugin.hand_over import to_dict
from pipeline.airflow_plugin.local_run import data_root
from pipeline.storage.modes import keep_private


@dag(
    dag_id="funnel_report",
    schedule=PartitionedAssetTimetable(assets=Asset(stages.PUBLISHED_WAVES)),
    catchup=False,
    max_active_runs=1,
    tags=["gelombang"],
    default_args={"on_failure_callback": on_failure()},
    doc_md=__doc__,
)
def funnel_report() -> None:
    @task(doc_md=periodic_tasks.overview.__doc__)
    def overview() -> Any:
        keep_private()
        return to_dict(periodic_tasks.overview(data_root()))

    overview()


DAG_OBJECT = funnel_report()
