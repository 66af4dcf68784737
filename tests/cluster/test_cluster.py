"""A wave on a cluster of one machine: Celery workers that share nothing but S3, one of them killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.storage.files import read_json, sha256
from pipeline.storage.paths import Store
from tests.airflow_services import PRELOAD, Airflow, airflow, wait_for
from tests.cluster.servers import postgres, redis
from tests.functional.conftest import simulate
from tests.functional.test_scheduler import DAG, TABLES, answer, approval, ended, trigger
from tests.s3 import BUCKET, machine, s3_server, upload
from tests.waves import publish, run_wave

WAVE = 12
SHARDS = 5
KEY = f"wave-{WAVE:04d}"
WORKERS = ("worker-one", "worker-two")
URL = f"s3://{BUCKET}/national"

#: docs/how-to/more-machines.md says what each is for; here the waits are short.
CELERY = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__CELERY__TASK_ACKS_LATE": "True",
    "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
    "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": [PRELOAD]}),
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "90",
    "AIRFLOW__API_AUTH__JWT_SECRET": "one for all of them, and long enough for the signature that is made with it",
    "GELOMBANG_SELFIE__SHARDS_AT_ONCE": str(SHARDS),
    "GELOMBANG_SELFIE__WORKERS": "1",
    "GELOMBANG_TASK_RETRIES": "2",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small wave with photographs, in a folder."""
    data = tmp_path_factory.mktemp("cluster") / "data"
    simulate(data, "--registrations", "800", "--population", "10000", "--quota", "60", "--seed", "11", wave=WAVE)
    return data


@pytest.fixture(scope="module")
def cluster(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Airflow with CeleryExecutor and two workers, each with its own mirror, on the wave as it lies in S3."""
    folder = tmp_path_factory.mktemp("services")
    with s3_server(folder / "s3.log") as s3, postgres() as database, redis(folder) as broker:
        before = dict(os.environ)
        os.environ.update(s3)
        try:
            upload(data, URL)
            shared = {
                **CELERY,
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
                "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{database}",
                "AIRFLOW__CELERY__BROKER_URL": broker,
                "GELOMBANG_MIRROR": str(folder / "mirror"),
            }
            home = folder / "airflow"
            with airflow(
                home, Path(), ("scheduler", "dag-processor", "api-server"), GELOMBANG_DATA=URL, **shared
            ) as air:
                for worker in WORKERS:
                    start(air, worker)
                yield air
        finally:
            os.environ.clear()
            os.environ.update(before)


def start(air: Airflow, worker: str) -> None:
    """A worker as on a machine of its own: one task at a time, a mirror that nobody shares."""
    arguments = ("celery", "worker", "--concurrency", "1", "--celery-hostname", f"{worker}@%h", "--skip-serve-logs")
    air.start(worker, *arguments, GELOMBANG_MIRROR=str(air.home / worker / "mirror"))


def kill(air: Airflow, worker: str) -> None:
    """`kill -9` of a worker and all that it started: the machine is gone."""
    process = air.processes.pop(worker)
    for one in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
        try:
            one.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait(20)


def verifying(air: Airflow, run: str) -> list[str]:
    """The states of the selfie shards."""
    found = air.get(f"{DAG}/dagRuns/{run}/taskInstances?limit=100")["task_instances"]
    return [task["state"] for task in found if task["task_id"] == "verify" and task["map_index"] >= 0]


def at_work(air: Airflow, worker: str) -> bool:
    """Whether a worker has photographs on its machine: it is in the middle of a shard."""
    return any((air.home / worker / "mirror").glob("*/tmp/photographs/*/*/*/selfies"))


def test_a_worker_dies_in_the_middle_and_the_bytes_are_those_of_one_process_and_a_folder(
    cluster: Airflow, data: Path, tmp_path: Path
) -> None:
    begun = time.monotonic()
    wait_for("the DAG", lambda: cluster.call("GET", DAG).ok)
    wait_for("its first parsing", lambda: not cluster.get(DAG)["is_paused"])
    run = trigger(cluster, wave=WAVE, shards=SHARDS, out_of_order=True).json()["dag_run_id"]
    wait_for("two shards", lambda: verifying(cluster, run).count("success") >= 2, 600)
    wait_for("one in the middle of a shard", lambda: at_work(cluster, WORKERS[0]), 120)
    kill(cluster, WORKERS[0])
    print(f"killed after {time.monotonic() - begun:.0f} s, shards {verifying(cluster, run)}")
    assert len(verifying(cluster, run)) == SHARDS
    wait_for("the form", lambda: approval(cluster, run), 600)
    print(f"form after {time.monotonic() - begun:.0f} s")
    tries = list(cluster.get(f"{DAG}/dagRuns/{run}/taskInstances?limit=100")["task_instances"])
    assert max(t["try_number"] for t in tries if t["task_id"] == "verify") >= 2  # what was lost was tried again
    assert answer(cluster, run, "Approve", "SK-12", user="admin") == 200
    wait_for("the end", lambda: ended(cluster, run, "success"), 300)
    print(f"published after {time.monotonic() - begun:.0f} s")

    publish(run_wave(data, WAVE), decree="SK-12")
    with machine(tmp_path / "reader"):
        where = Store.at(URL)
        where.pull("waves/", "published/", f"work/{KEY}/verdicts/")
    for table in TABLES:
        assert sha256(where.root / f"waves/{KEY}/{table}.parquet") == sha256(data / f"waves/{KEY}/{table}.parquet")
    for table in ("cohort", "changes", "ledger"):
        path = f"published/{KEY}/rev-1/{table}.parquet"
        assert sha256(where.root / path) == sha256(data / path)
    assert len(list((where.root / f"work/{KEY}/verdicts").glob("shard-*.parquet"))) == SHARDS
    assert read_json(where.root / f"published/{KEY}/rev-1/publication.json")["decree"] == "SK-12"
    assert not list(where.root.glob("published/*/rev-2"))
    assert all((cluster.home / worker / "mirror").is_dir() for worker in WORKERS)
    assert where.mirror is not None
    assert not [key for key in where.mirror.remote.list("work/") if key.endswith(".lock")]
