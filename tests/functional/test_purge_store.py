"""`gelombang purge` on a data root in an object store: in every version, here and there, killed and called again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.record import log
from pipeline.storage import wave_lock
from pipeline.storage.paths import Store
from tests.s3 import BUCKET, s3_server
from tests.stores import memory_store, own_machine

CALENDAR = """
[defaults]
seed = "x"
[[wave]]
number = 1
opens = 2020-01-05T00:00:00
closes = 2020-01-08T23:59:59
quota = 5
[[wave]]
number = 2
opens = 2020-01-12T00:00:00
closes = 2020-01-15T23:59:59
quota = 5
[[wave]]
number = 3
opens = 2020-01-19T00:00:00
closes = 2020-01-22T23:59:59
quota = 5
"""
#: Of each wave: what goes once its time is over, and what stays.
GOES = (
    "landing/{}/selfies/a.jpg", "landing/{}/selfies/below/b.jpg", "work/{}/plan.json", "work/{}/verdicts/a.parquet",
    "work/{}.log", "work/{}.costs.jsonl", "landing/{}/objections/0001/evidence.jpg", "waves/{}/notices.csv",
)  # fmt: skip
STAYS = (
    "landing/{}/registrations/a.csv", "landing/{}/selfies-of-others/a.jpg", "landing/{}/objections/0001/decision.json",
    "landing/{}/objections/0002/evidence.jpg", "waves/{}/decisions.parquet", "waves/{}/manifest.json",
)  # fmt: skip
DECIDED = json.dumps({"decision": "rejected", "at": "2020-02-01T09:00:00+07:00"}).encode()
#: Deletes the third object and dies.
KILLED = """
import os, signal, sys
from s3fs import S3FileSystem
from pipeline.cli import app
asked, deleted = S3FileSystem.call_s3, []
def counted(self, method, *args, **more):
    done = asked(self, method, *args, **more)
    if method == "delete_object":
        deleted.append(method)
        if len(deleted) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    return done
S3FileSystem.call_s3 = counted
app(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with s3_server(tmp_path_factory.mktemp("s3") / "server.log") as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield fsspec.core.url_to_fs(f"s3://{BUCKET}")[0]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with own_machine(tmp_path) as patch:
        yield patch


def filled(url: str) -> str:
    """Waves 1 and 2 are published, wave 3 is not; one object stands twice where the store keeps versions."""
    fs, root = fsspec.core.url_to_fs(url)
    fs.pipe_file(f"{root}/calendar.toml", CALENDAR.encode())
    for key in ("wave-0001", "wave-0002", "wave-0003"):
        for name in (*GOES, *STAYS):
            fs.pipe_file(f"{root}/{name.format(key)}", DECIDED if name.endswith("decision.json") else b"12345")
        fs.pipe_file(f"{root}/landing/{key}/selfies/a.jpg", b"123456")
        if key != "wave-0003":
            for name in ("cohort.parquet", "publication.json"):
                fs.pipe_file(f"{root}/published/{key}/rev-1/{name}", b"{}")
    fs.pipe_file(f"{root}/published/wave-0003/rev-1/cohort.parquet", b"{}")  # a publication that is being written
    fs.pipe_file(f"{root}/published/wave-0003/rev-1/.unfinished", b"")
    return url


def purge(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["purge", "--language", "en", "--data", url, *words])


def gone_of(*keys: str) -> set[str]:
    return {name.format(key) for key in keys for name in GOES}


def versioned(server: Any, status: str) -> str:
    server.call_s3("put_bucket_versioning", Bucket=BUCKET, VersioningConfiguration={"Status": status})
    return filled(f"s3://{BUCKET}/{uuid4().hex}")


def kept_versions(server: Any, url: str) -> set[str]:
    bucket, name, _ = server.split_path(url)
    return {one["Key"].removeprefix(f"{name}/") for one in server.call_s3(
        "list_object_versions", Bucket=bucket, Prefix=name).get("Versions", [])}  # fmt: skip


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_what_is_due_goes_in_every_version_with_a_line_for_each(
    server: Any, machine: pytest.MonkeyPatch, tmp_path: Path, status: str
):
    url = versioned(server, "Enabled")  # every object is kept twice from here on
    server.call_s3("put_bucket_versioning", Bucket=BUCKET, VersioningConfiguration={"Status": status})
    filled(url)
    store = Store.at(url)
    before = set(store.keys(""))
    dry = purge(url, "--dry-run", "--json")
    assert dry.exit_code == 0, (dry.output, dry.exception)
    told = json.loads(dry.stdout)
    assert {(row["wave"], row["what"], row["files"]) for row in told} == {
        (wave, what, n)
        for wave in (1, 2)
        for what, n in (("photographs", 2), ("work", 2), ("logs", 2), ("objections", 1), ("letters", 1))
    }
    assert set(store.keys("")) == before
    store.pull("work/wave-0001/")  # this machine has a copy
    done = purge(url, "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    due = gone_of("wave-0001", "wave-0002")
    assert before - set(store.keys("")) == due
    assert not kept_versions(server, url) & due
    assert not (store.root / "work/wave-0001").exists()
    assert len(log.entries(store, None, "deleted")) == len(told)
    assert json.loads(purge(url, "--dry-run", "--json").stdout) == []


def test_killed_in_the_middle_it_is_called_again(server: Any, machine: pytest.MonkeyPatch):
    url = versioned(server, "Enabled")
    store, due = Store.at(url), gone_of("wave-0001", "wave-0002")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, "purge", "--yes", "--data", url], env=dict(os.environ), capture_output=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-500:]
    assert due & set(store.keys("")), "something is left"
    assert log.entries(store, 1, "deleted"), "the line comes first"
    done = purge(url, "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    assert not kept_versions(server, url) & due
    assert {name.format("wave-0001") for name in STAYS} <= set(store.keys(""))


def test_a_wave_that_a_run_holds_keeps_everything_and_other_stores_work_too(machine: pytest.MonkeyPatch):
    with memory_store() as url:
        store = Store.at(filled(url))
        before = set(store.keys(""))
        wave_lock.take(store, store.calendar().wave(1), wave_lock.Holder("a run"))
        done = purge(url, "--yes")
        assert done.exit_code == 0, (done.output, done.exception)
        assert before - set(store.keys("")) == gone_of("wave-0002")
