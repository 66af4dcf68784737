"""OpenLineage events of a wave's tasks, through Airflow's own provider and its file transport: files, never people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.storage.files import read_json
from pipeline.storage.paths import Store
from tests.waves import publish, run_wave, three_waves

pytest.importorskip("airflow.providers.openlineage", reason="the extra `lineage` is not installed")

#: What Airflow's listener does with a task that has ended; the DAG's own tasks, their argument as Airflow renders it.
SCRIPT = """
import json, sys
from types import SimpleNamespace
from uuid import uuid4
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from airflow.utils.state import TaskInstanceState
from pipeline.airflow_plugin.local_run import load_dag

run = {"data": sys.argv[1], "wave": 1, "run_id": "test"}
dag = load_dag("wave_cohort")
for name in ("hold_wave", "ingest", "check_inputs", "screen", "decide", "finish", "publish"):
    task = dag.get_task(name)
    task.op_args = [] if name == "hold_wave" else [{"run": run, "waves": ""} if name == "publish" else run]
    said = ExtractorManager().extract_metadata(SimpleNamespace(run_id="x"), task, TaskInstanceState.SUCCESS, None)
    OpenLineageAdapter().complete_task(
        str(uuid4()), f"wave_cohort.{name}", "2020-05-02T09:00:00+07:00", said, None, None, None, None, None
    )
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A published wave; one of its deliveries has a number for a name."""
    store = three_waves(tmp_path_factory.mktemp("lineage") / "data")
    [landed] = (store.root / "landing" / "wave-0001" / "registrations").glob("*.parquet")
    landed.rename(landed.with_name("3171010101900001.parquet"))
    publish(run_wave(store.root, 1))
    return store


@pytest.fixture(scope="module")
def events(root: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came to the file, by task."""
    log = tmp_path_factory.mktemp("events") / "events.json"
    told = {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(log), "append": True}),
        "AIRFLOW__OPENLINEAGE__EXTRACTORS": "pipeline.airflow_plugin.openlineage_extractor.WaveLineage",
    }
    asked = [sys.executable, "-c", SCRIPT, str(root.root)]
    done = subprocess.run(asked, env={**os.environ, **told}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    came = [json.loads(line) for line in log.read_text().splitlines()]
    return {event["job"]["name"].removeprefix("wave_cohort."): event for event in came}


def named(datasets: list[dict[str, Any]], root: Store) -> set[str]:
    assert {one["namespace"] for one in datasets} <= {"file"}
    return {one["name"].removeprefix(f"{root.root}/") for one in datasets}


def hashes(datasets: list[dict[str, Any]]) -> set[str]:
    return {one["facets"]["version"]["datasetVersion"] for one in datasets}


def test_a_finished_wave_says_its_real_inputs_and_outputs(events: dict[str, dict[str, Any]], root: Store):
    event, manifest = events["finish"], read_json(root.root / "waves" / "wave-0001" / "manifest.json")
    assert hashes(event["inputs"]) == {one["sha256"] for one in manifest["inputs"]}
    assert hashes(event["outputs"]) == {one["sha256"] for one in manifest["outputs"]}
    [cohort] = [one for one in event["outputs"] if one["name"].endswith("waves/wave-0001/cohort.parquet")]
    assert cohort["outputFacets"]["outputStatistics"]["rowCount"] == 40
    assert "landing/wave-0001/registrations/#.parquet" in named(event["inputs"], root)


def test_a_publication_says_what_it_was_made_from(events: dict[str, dict[str, Any]], root: Store):
    said = read_json(root.root / "published" / "wave-0001" / "rev-1" / "publication.json")
    event = events["publish"]
    assert hashes(event["outputs"]) == set(said["files"].values())
    assert "published/wave-0001/rev-1/cohort.parquet" in named(event["outputs"], root)
    assert {"waves/wave-0001/cohort.parquet"} < named(event["inputs"], root)
    assert said["approval"]["cohort_sha256"] in hashes(event["inputs"])


def test_each_task_says_what_it_read_and_wrote(events: dict[str, dict[str, Any]], root: Store):
    tables = {"work/wave-0001/registrations.parquet", "work/wave-0001/reuploads.parquet"}
    extracts = {f"extracts/{name}/" for name in ("population", "education", "bansos")}
    landed = named(events["ingest"]["inputs"], root)
    assert "landing/wave-0001/registrations/#.parquet" in landed
    assert all(name.startswith("landing/wave-0001/registrations/") for name in landed)
    assert tables <= named(events["ingest"]["outputs"], root)
    for task in ("check_inputs", "screen"):
        read = named(events[task]["inputs"], root)
        assert tables <= read
        assert all(any(name.startswith(folder) for name in read) for folder in extracts)
    assert named(events["screen"]["outputs"], root) == {"work/wave-0001/screened.parquet"}
    for task in ("hold_wave", "decide"):
        assert (events[task]["inputs"], events[task]["outputs"]) == ([], [])


def test_no_event_names_a_person(events: dict[str, dict[str, Any]], root: Store):
    people = pq.read_table(root.root / "work" / "wave-0001" / "registrations.parquet").to_pylist()
    told = json.dumps(events)
    assert not any(row[name] in told for row in people for name in ("nik", "full_name", "phone", "email") if row[name])
    assert "3171010101900001" not in told


def test_a_root_elsewhere_is_named_by_its_bucket():
    from pipeline.airflow_plugin.openlineage_extractor import dataset_of
    from pipeline.wave_run.lineage import DataFile

    assert dataset_of(DataFile("s3://waves/prod/extracts/bansos/x.parquet")) == (
        "s3://waves",
        "prod/extracts/bansos/x.parquet",
    )
    assert dataset_of(DataFile("/data/x.parquet")) == ("file", "/data/x.parquet")
