"""One run = one wave: registrations in, a decision for every application out.

Thin on purpose: which task follows which, and the form that starts it. What a task does is in ``pipeline/stages.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.exceptions import AirflowFailException
from airflow.sdk import Asset, Param, dag, get_current_context, task

from pipeline import stages
from pipeline.errors import GelombangError, SelfieSystemError, StoreError
from pipeline.settings import settings
from pipeline.timetable import WaveTimetable, wave_number

#: Named errors that may heal by themselves; every other one needs a person, so a retry would only cost time.
MAY_HEAL = (StoreError, SelfieSystemError)


def attempt(stage: Callable[..., Any], *args: Any) -> Any:
    """Calls a stage; a named error that no retry can heal fails the task at once."""
    try:
        return stage(*args)
    except MAY_HEAL:
        raise
    except GelombangError as e:
        raise AirflowFailException(str(e)) from e


def as_task(stage: Callable[[Any], Any], **options: Any) -> Any:
    """A stage as an Airflow task of the same name; in and out go paths and counts, never rows."""

    @task(task_id=stage.__name__, doc_md=stage.__doc__, **options)
    def run(job: dict[str, Any]) -> Any:
        return attempt(stage, job)

    return run


@dag(
    dag_id="wave_cohort",
    schedule=WaveTimetable(),
    catchup=False,  # waves of the past are run by `airflow backfill create`
    max_active_runs=1,
    default_args={
        "retries": settings().task_retries,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
    },
    tags=["gelombang"],
    doc_md=__doc__,
    params={
        "wave": Param(
            1,
            type="integer",
            minimum=1,
            maximum=9999,
            title="Wave",
            description="Number of the wave (gelombang) in the calendar.",
        ),
        "quota": Param(
            None, type=["null", "integer"], minimum=1, title="Quota", description="Places. Empty: the calendar's."
        ),
        "seed": Param(
            None,
            type=["null", "string"],
            title="Seed",
            description="Text that the draw is made from. Empty: the calendar's.",
        ),
        "shards": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=1024,
            title="Shards",
            description="Selfie tasks side by side. Empty: the setting.",
        ),
        "data": Param(
            None, type=["null", "string"], title="Data root", description="Folder of the data. Empty: GELOMBANG_DATA."
        ),
    },
)
def wave_cohort() -> None:
    @task(doc_md=stages.prepare.__doc__)
    def prepare() -> dict[str, Any]:
        context = get_current_context()
        given = context["params"]
        key = context["dag_run"].partition_key
        wave = wave_number(key) if key else given["wave"]
        return attempt(
            stages.prepare, given["data"] or settings().data, wave, given["quota"], given["seed"], given["shards"]
        )

    job = prepare()
    for stage in (stages.ingest, stages.check_inputs, stages.screen):
        job = as_task(stage)(job)
    # one task at a time uses every core of one machine; an installation with more machines sets more
    verify = as_task(stages.verify, max_active_tis_per_dagrun=settings().selfie.shards_at_once)
    verified = verify.expand(job=as_task(stages.draw)(job))
    # no shard to verify (selfie check off) skips the mapped task; what follows goes on
    job = as_task(stages.refill, trigger_rule="none_failed")(job)
    verified >> job
    for stage in (stages.decide, stages.check_cohort, stages.report):
        job = as_task(stage)(job)
    as_task(stages.finish, outlets=[Asset(stages.FINISHED_WAVES)])(job)


DAG_OBJECT = wave_cohort()
