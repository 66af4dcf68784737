"""A data root on an S3-compatible server: the bytes of a folder, locks and publication between machines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline import stages
from pipeline.cli import app
from pipeline.domain import errors
from pipeline.domain.run_ref import FinishedRun
from pipeline.draw import beacon
from pipeline.storage import wave_lock
from pipeline.storage.files import read_json, sha256, write_text
from pipeline.storage.paths import Store
from pipeline.wave_run.opening import open_wave
from tests.s3 import BUCKET, machine, s3_server, upload
from tests.waves import AFTER_SELFIES, BEFORE_SELFIES, publish, run_wave, three_waves

TABLES = ("decisions", "cohort", "reserve", "rejections", "review", "retries", "reuploads")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with s3_server(tmp_path_factory.mktemp("s3") / "server.log") as variables:
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        yield
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three waves in a folder, run and published; what was there before is beside it, in ``untouched``."""
    data = three_waves(tmp_path_factory.mktemp("local") / "data").root
    shutil.rmtree(data / "work")
    shutil.copytree(data, data.parent / "untouched")
    for wave in (1, 2):
        publish(run_wave(data, wave))
    return data


@pytest.fixture
def url(server: None, local: Path) -> str:
    """The untouched root on the server, for one test."""
    url = f"s3://{BUCKET}/{uuid4().hex}"
    upload(local.parent / "untouched", url)
    return url


def spread(url: str, wave: int, machines: list[Path], run: str = "test") -> FinishedRun:
    """As ``run_wave``, each task on the next machine."""
    turn = 0

    def on_the_next(stage: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal turn
        turn += 1
        with machine(machines[turn % len(machines)]):
            return stage(*arguments, **named)

    job = on_the_next(stages.hold_wave, url, wave, run, alone=False)
    job = on_the_next(stages.prepare, job, None, None, 3)
    for stage in BEFORE_SELFIES:
        job = on_the_next(stage, job)
    for shard in on_the_next(stages.draw, job):
        on_the_next(stages.verify, shard)
    for stage in AFTER_SELFIES:
        job = on_the_next(stage, job)
    finished: FinishedRun = on_the_next(stages.finish, job)
    return finished


def tables(where: Path, wave: int) -> dict[str, str]:
    return {name: sha256(where / f"waves/wave-{wave:04d}/{name}.parquet") for name in TABLES}


def test_waves_spread_over_two_machines_give_the_bytes_of_a_folder(local: Path, url: str, tmp_path: Path) -> None:
    machines = [tmp_path / "one", tmp_path / "two"]
    for wave in (1, 2):
        job = spread(url, wave, machines)
        with machine(machines[wave % 2]):
            done = publish(job)
        assert done.published == f"{url}/published/wave-000{wave}/rev-1"
    with machine(tmp_path / "reader"):
        where = Store.at(url)
        where.pull("waves/", "published/")
        for wave in (1, 2):
            assert tables(where.root, wave) == tables(local, wave)
            key = f"published/wave-000{wave}/rev-1"
            for name in ("cohort", "changes", "ledger"):
                assert sha256(where.root / f"{key}/{name}.parquet") == sha256(local / f"{key}/{name}.parquet")
        assert {p["file"] for p in read_json(where.root / "waves/wave-0002/manifest.json")["inputs"]} == {
            p["file"] for p in read_json(local / "waves/wave-0002/manifest.json")["inputs"]
        }
        assert where.mirror is not None
        assert not [key for key in where.mirror.remote.list("work/") if key.endswith(".lock")]


BEACON = """
[[wave]]
number = 1
opens = 2020-04-11T00:00:00
closes = 2020-04-16T16:00:00
quota = 40
selfie = "off"
beacon = "demonstration"
"""


def test_a_wave_with_a_beacon_spread_over_two_machines_gives_the_bytes_of_a_folder(
    server: None, local: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(local.parent / "untouched", tmp_path / "data"))
    write_text(BEACON, folder / "calendar.toml")
    url = f"s3://{BUCKET}/{uuid4().hex}"
    upload(folder, url)

    def opened_and_delivered(root: str) -> None:
        where = Store.at(root)
        wave = where.calendar().wave(1)
        open_wave(where, wave, datetime.now().astimezone())
        where.create(beacon.landing_key(wave), beacon.as_delivered(beacon.chain_of(wave), beacon.round_of(wave)))

    opened_and_delivered(str(folder))
    publish(run_wave(folder, 1))
    machines = [tmp_path / "one", tmp_path / "two"]
    with machine(machines[0]):
        opened_and_delivered(url)
    job = spread(url, 1, machines)
    with machine(machines[1]):
        publish(job)
    with machine(tmp_path / "reader"):
        where = Store.at(url)
        where.pull("waves/", "published/")
        assert tables(where.root, 1) == tables(folder, 1)
        read = [read_json(root / "waves/wave-0001/manifest.json")["inputs"] for root in (where.root, folder)]
        assert {p["file"]: p["sha256"] for p in read[0]} == {p["file"]: p["sha256"] for p in read[1]}
        assert "landing/wave-0001/beacon.json" in {p["file"] for p in read[0]}
        for name in ("list/eligible.txt", "list/priority.txt", "rev-1/public/outcomes.csv", "rev-1/public/draw.json"):
            key = f"published/wave-0001/{name}"
            assert sha256(where.root / key) == sha256(folder / key)
        assert CliRunner().invoke(app, ["audit", "1", "--data", url]).exit_code == 0
    with machine(tmp_path / "late"):  # a machine that knows nothing freezes no second list
        again = spread(url, 1, [tmp_path / "late"], "again")
        assert again.cohort_sha256 == job.cohort_sha256


def test_commands_on_a_machine_that_has_nothing_yet(local: Path, url: str, tmp_path: Path) -> None:
    with machine(tmp_path / "worker"):
        publish(run_wave_on(url))
    refused = pq.read_table(local / "waves/wave-0001/decisions.parquet").filter(pc.field("outcome") == "rejected")
    someone = refused["registration_id"][0].as_py()
    for number, command in enumerate(
        (["funnel", "1"], ["explain", "1", someone], ["audit", "1"], ["retries", "1", str(tmp_path / "retries.csv")],
         ["waves"], ["diff", "1", str(local / "waves/wave-0001")])
    ):  # fmt: skip
        with machine(tmp_path / f"desk-{number}"):
            said = CliRunner().invoke(app, [*command, "--data", url])
        assert said.exit_code == 0, said.output
    with machine(tmp_path / "another"):
        said = CliRunner().invoke(app, ["publish", "1", "--decree", "SK-1b", "--data", url, "--language", "en"])
        assert said.exit_code == 0, said.output
        assert "revision 2" in said.output
        assert CliRunner().invoke(app, ["funnel", "3", "--data", url]).exit_code == 1


def run_wave_on(url: str, run: str = "test") -> FinishedRun:
    return run_wave(url, 1, run)  # it is made a text there


def test_the_loser_on_another_machine_is_told_who_has_the_wave(url: str, tmp_path: Path) -> None:
    with machine(tmp_path / "one"):
        job = stages.hold_wave(url, 1, "scheduled__wave-0001", alone=False)
    with machine(tmp_path / "two"):
        with pytest.raises(errors.WaveLockedError, match="held by scheduled__wave-0001"):
            stages.hold_wave(url, 1, "manual__1", alone=False)
        stages.release_wave(replace(job, run_id="manual__1"))  # only who holds it gives it back
        assert stages.hold_wave(url, 1, "scheduled__wave-0001", alone=False) == job  # its task tried again elsewhere
        stages.release_wave(job)
        stages.hold_wave(url, 1, "manual__1", alone=False)
    with machine(tmp_path / "one"), pytest.raises(errors.WaveLockedError, match="manual__1"):
        stages.prepare(job, None, None, 1)


def test_a_publication_is_made_once_and_one_that_was_killed_does_not_exist(url: str, tmp_path: Path) -> None:
    with machine(tmp_path / "one"):
        job = run_wave_on(url)
        where = Store.at(url)
        assert where.mirror is not None
        # as a publisher leaves it that was killed before the last file
        cohort = Store.at(url).root / "waves/wave-0001/cohort.parquet"
        where.mirror.remote.put([("published/wave-0001/rev-1/cohort.parquet", cohort)])
        where.mirror.remote.put([("published/wave-0001/rev-1/left.parquet", cohort)])
        where.mirror.remote.create("published/wave-0001/rev-1/.unfinished", b"")
    with machine(tmp_path / "two"):
        assert not stages.wave_before(replace(job.run, wave=2))
        first = stages.publish(job, "Kepala", "2020-05-02T09:00:00+07:00", "SK-1")
    with machine(tmp_path / "one"):  # the task's report was lost: it is tried again on the machine that knows nothing
        assert stages.publish(job, "Kepala", "2020-05-02T09:00:00+07:00", "SK-1").revision == first.revision == 1
        where = Store.at(url)
        assert [p.name for p in where.revisions("wave-0001")] == ["rev-1"]
        assert not (where.published("wave-0001") / "rev-1" / "left.parquet").exists()
        again = tmp_path / "late"
        shutil.copytree(where.published("wave-0001") / "rev-1", again)
        before = where.mirror.remote.list("published/wave-0001/rev-1/") if where.mirror else {}
        with pytest.raises(errors.StoreError, match="is there already"):
            where.commit(again, where.published("wave-0001") / "rev-1", "publication.json", once=True)
        assert where.mirror is not None
        assert where.mirror.remote.list("published/wave-0001/rev-1/") == before
        assert stages.wave_before(replace(job.run, wave=2))


def test_a_publisher_that_was_killed_holds_the_lock_until_its_run_ends(url: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(wave_lock, "_WAITS", (0.1,))
    with machine(tmp_path / "one"):
        where = Store.at(url)
        waves = [where.calendar().wave(number) for number in (1, 2)]
        with wave_lock.publication(where, waves[0], "killed"):
            assert where.mirror is not None
            kept = where.mirror.remote.read("published/.lock")
        assert kept is not None
        where.mirror.remote.create("published/.lock", kept)
    with machine(tmp_path / "two"):
        where = Store.at(url)
        with (
            pytest.raises(errors.WaveLockedError, match="held by killed"),
            wave_lock.publication(where, waves[1], "other"),
        ):
            raise AssertionError("it is held")
        with wave_lock.publication(where, waves[0], "killed"):  # its own task, tried again
            pass
        where.mirror.remote.create("published/.lock", kept) if where.mirror else None
        wave_lock.release(where, waves[0], "killed")
        with wave_lock.publication(where, waves[1], "other"):
            pass
