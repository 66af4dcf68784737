"""The OpenLineage events of a wave's tasks: the files that each read and wrote, with hash and rows.

Airflow's provider calls it once ``AIRFLOW__OPENLINEAGE__EXTRACTORS`` names it (docs/how-to/runbook.md). It needs the
extra ``lineage``; nothing else imports it. An event holds addresses of files and figures, and nothing out of a file.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    output_statistics_output_dataset,
)

from pipeline.domain.run_ref import RunRef
from pipeline.wave_run.lineage import DataFile, lineage_of

WAVE_DAG = "wave_cohort"


class WaveLineage(BaseExtractor):
    """The lineage of a task of ``wave_cohort``; empty for other tasks in the same Airflow."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """Airflow's name of the operators that ``@task`` makes."""
        return ["_PythonDecoratedOperator"]

    def _execute_extraction(self) -> None:
        """A task that begins, or fails, has written nothing."""

    def extract_on_failure(self, task_instance: Any) -> None:
        """The same as at its beginning: files of a failed task are not results."""

    def extract_on_complete(self, task_instance: Any) -> OperatorLineage | None:
        """What the task read and wrote."""
        if self.operator.dag_id != WAVE_DAG or not self.operator.op_args:
            return None
        job = self.operator.op_args[0]
        found = lineage_of(self.operator.task_id, RunRef(**job.get("run", job)))
        return OperatorLineage(inputs=[_read(one) for one in found.read], outputs=[_written(o) for o in found.written])


def _read(file: DataFile) -> Dataset:
    rows = data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet({}, rowCount=file.rows)
    said = {"dataQualityMetrics": rows} if file.rows is not None else {}
    return InputDataset(*dataset_of(file), facets=_version(file), inputFacets=said)


def _written(file: DataFile) -> Dataset:
    rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=file.rows)
    said = {"outputStatistics": rows} if file.rows is not None else {}
    return OutputDataset(*dataset_of(file), facets=_version(file), outputFacets=said)


def dataset_of(file: DataFile) -> tuple[str, str]:
    """Namespace and name as OpenLineage has them for files: a bucket and a key, or a path of this machine."""
    parts = urlsplit(file.address)
    return (f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")) if parts.scheme else ("file", file.address)


def _version(file: DataFile) -> dict[str, Any]:
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(file.sha256)} if file.sha256 else {}
