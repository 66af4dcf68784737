"""One run = one wave: registrations in, a decision for every application out, and, once a person agrees, published.

Only the order of the tasks and the forms are here. ``pipeline/stages.py`` has the content of each task.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Asset, dag, get_current_context, setup, task, teardown
from airflow.sdk.exceptions import AirflowFailException

from pipeline import stages
from pipeline.airflow_plugin.failure_alerts import on_failure
from pipeline.airflow_plugin.forms import APPROVAL, SUBJECT, TRIGGER, wave_of
from pipeline.airflow_plugin.hand_over import from_dict, to_dict
from pipeline.airflow_plugin.local_run import data_root, local_run, only_fields
from pipeline.airflow_plugin.metrics import Metrics
from pipeline.airflow_plugin.timetable import WaveTimetable, wave_number
from pipeline.domain.errors import GelombangError
from pipeline.domain.run_ref import FinishedRun, RunRef, ShardRef
from pipeline.domain.settings import settings
from pipeline.runtime import progress
from pipeline.storage.modes import keep_private

P = ParamSpec("P")
T = TypeVar("T")


#: Of a task that waits: a report of its last look that overtakes this one makes the scheduler call it failed. In one
#: process nothing is overtaken.
LOOKS_AGAIN = 0 if local_run() else 10
#: A task that waits for somebody else looks from time to time, and uses no worker between two looks.
WAITING: dict[str, Any] = {
    "mode": "reschedule",
    "poke_interval": settings().wait_seconds,
    "timeout": settings().wait_hours * 3600,
    "retries": LOOKS_AGAIN,
    "retry_delay": timedelta(seconds=settings().wait_seconds),
    "retry_exponential_backoff": False,
    "max_active_tis_per_dag": None,
}


def attempt(stage: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Calls a stage; a named error that no retry can heal fails the task at once."""
    keep_private()
    if not local_run():
        progress.listen(Metrics())
    try:
        return stage(*args, **named)
    except Exception as e:
        progress.failed(stage.__name__, e)
        if not isinstance(e, GelombangError) or e.may_heal:
            raise
        raise AirflowFailException(str(e)) from e


def as_task(stage: Callable[[Any], Any], takes: type = RunRef, **options: Any) -> Any:
    """A stage as an Airflow task of the same name; its argument is the result of the task before."""

    @task(task_id=stage.__name__, doc_md=stage.__doc__, **options)
    def run(job: dict[str, Any]) -> Any:
        return to_dict(attempt(stage, from_dict(takes, job)))

    return run


@dag(
    dag_id="wave_cohort",
    schedule=WaveTimetable(),
    catchup=False,  # waves of the past are run by `airflow backfill create`
    max_active_runs=8,  # a wave that waits for approval must not block others; each has its own lock
    default_args={
        "on_failure_callback": on_failure(),
        "retries": settings().task_retries,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_active_tis_per_dag": 1,  # tasks of several waves take turns: a heavy task needs the memory of the machine
    },
    tags=["gelombang"],
    doc_md=__doc__,
    params=dict(TRIGGER),
)
def wave_cohort() -> None:
    @setup
    @task(doc_md=stages.hold_wave.__doc__)
    def hold_wave() -> Any:
        context = get_current_context()
        given, run, here = context["params"], context["dag_run"], local_run()
        attempt(only_fields, run.conf, tuple(TRIGGER))
        wave = wave_number(run.partition_key) if run.partition_key else attempt(wave_of, given)
        holder, alone = (here.name, True) if here else (run.run_id, False)
        return to_dict(attempt(stages.hold_wave, data_root(), wave, holder, alone=alone))

    @task.sensor(doc_md=stages.wave_before.__doc__, **WAITING)
    def wave_before(job: dict[str, Any]) -> bool:
        out_of_order = bool(get_current_context()["params"]["out_of_order"])
        return out_of_order or attempt(stages.wave_before, from_dict(RunRef, job))

    @task(doc_md=stages.prepare.__doc__)
    def prepare(job: dict[str, Any]) -> Any:
        context = get_current_context()
        given, here = context["params"], local_run()
        by = here.started_by if here else context["dag_run"].triggering_user_name
        run = from_dict(RunRef, job)
        return to_dict(attempt(stages.prepare, run, given["quota"], given["seed"], given["shards"], by))

    @task(doc_md=stages.publish.__doc__, outlets=[Asset(stages.PUBLISHED_WAVES)])
    def publish(job: dict[str, Any], answer: dict[str, Any]) -> Any:
        by, at = answer["responded_by_user"], answer["responded_at"]
        filled = answer["params_input"]
        run = from_dict(FinishedRun, job)
        names = tuple(name for name in (by["name"], by["id"]) if name)
        published = to_dict(
            attempt(
                stages.publish,
                run,
                names,
                str(at),
                filled.get("decree") or "",
                note=filled.get("note") or "",
                removing=filled.get("removing"),
            )
        )
        event = get_current_context()["outlet_events"][Asset(stages.PUBLISHED_WAVES)]
        event.extra.update(published)
        event.add_partitions(published["key"])  # a run by form has no partition of its own
        return published

    @task.sensor(doc_md=stages.await_beacon.__doc__, **WAITING)
    def await_beacon(job: dict[str, Any]) -> bool:
        return attempt(stages.await_beacon, from_dict(RunRef, job), alone=local_run() is not None)

    @teardown
    @task(doc_md=stages.release_wave.__doc__)
    def release_wave(job: dict[str, Any]) -> Any:
        return attempt(stages.release_wave, from_dict(RunRef, job))

    held = hold_wave()
    job = prepare(held)
    wave_before(held) >> job
    for stage in (stages.ingest, stages.check_inputs, stages.screen, stages.freeze):
        job = as_task(stage)(job)
    awaited = await_beacon(job)
    # one task at a time uses every core of one machine; an installation with more machines sets a larger number
    verify = as_task(stages.verify, takes=ShardRef, max_active_tis_per_dag=settings().selfie.shards_at_once)
    shards = as_task(stages.draw)(job)
    awaited >> shards
    verified = verify.expand(job=shards)
    # no shard to verify (selfie check off) skips the mapped task; what follows goes on
    job = as_task(stages.refill, trigger_rule="none_failed")(job)
    verified >> job
    for stage in (stages.compare_people, stages.decide, stages.check_cohort, stages.report):
        job = as_task(stage)(job)
    job = as_task(stages.finish)(job)
    approve = ApprovalOperator(
        task_id="approve",
        doc_md="Waits until a person approves or rejects the cohort; rejecting leaves everything as it was.",
        subject=SUBJECT,
        body="{{ ti.xcom_pull(task_ids='finish')['form'] }}",
        params=dict(APPROVAL),
        assigned_users=settings().approving_users(),
        max_active_tis_per_dag=None,
    )
    job >> approve
    publish(job, approve.output) >> release_wave(held)


DAG_OBJECT = wave_cohort()
