"""What a task of any wave imports. The scheduler forks its tasks from one process that has imported this module.

`tools/airflow_env` and `docs/how-to/more-machines.md` name it to Airflow. Every task begins a second sooner for it, one
that asks great_expectations six, and all tasks of a scheduler have the same code, from its start on. TensorFlow is not
here: it must not be forked.
"""

# ruff: noqa: F401
import airflow.executors.local_executor
import airflow.providers.standard.operators.hitl
import airflow.providers.standard.operators.python
import airflow.sdk.execution_time.supervisor
import airflow.sdk.execution_time.task_runner
import great_expectations

import checks.cohort
import checks.inputs
import pipeline.airflow_plugin.failure_alerts
import pipeline.airflow_plugin.forms
import pipeline.airflow_plugin.hand_over
import pipeline.airflow_plugin.local_run
import pipeline.airflow_plugin.metrics
import pipeline.airflow_plugin.plugin
import pipeline.periodic_tasks
import pipeline.stages
