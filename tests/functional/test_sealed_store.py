"""Keys of a sealed root in a store: destroyed there, or wrapped under another master key, in every version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.contracts import COHORT
from pipeline.domain.errors import MasterKeyError, StoreError, WaveKeyDestroyedError
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.selfie.cache import VerdictFolder, key
from pipeline.selfie.verdict import Measurement
from pipeline.storage import files, key_ring, wave_lock
from pipeline.storage.object_store import Remote
from pipeline.storage.paths import Store
from pipeline.storage.sealed_file import Header
from tests.s3 import BUCKET, s3_server, upload
from tests.spec.world import nik
from tests.stores import own_machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A bucket that keeps every version of an object."""
    with s3_server(tmp_path_factory.mktemp("s3") / "server.log") as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        fs, _ = fsspec.core.url_to_fs(f"s3://{BUCKET}")
        fs.call_s3("put_bucket_versioning", Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield fs


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with own_machine(tmp_path, GELOMBANG_ENCRYPTION__AT_REST="true") as patch:
        yield patch


@pytest.fixture
def bucket(server: Any, machine: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Waves 3 and 4, sealed and published, with kept measurements and prints, in the bucket."""
    root, url = tmp_path / "data", f"s3://{BUCKET}/{uuid4().hex}"
    for wave in (3, 4):
        place = {"wave": wave, "rank": 1, "registration_id": f"W{wave}-1", "nik": nik(1)}
        for folder in (root / f"waves/wave-000{wave}", root / f"published/wave-000{wave}/rev-1"):
            files.write_table(pa.Table.from_pylist([place], COHORT), folder / "cohort.parquet", COHORT)
        files.write_text("{}", root / f"published/wave-000{wave}/rev-1/publication.json")
        files.write_text("prints", root / f"descriptors/wave-000{wave}/rev-1.sealed")
        cache = VerdictFolder(root / "kept", root, f"wave-000{wave}").opened()
        cache.put({key(b"a", None, "m", "l"): Measurement(faces=1)})
    upload(root, url)
    for path in (root / "kept").rglob("*.sealed"):
        name = f"work/verdict-cache/{path.parent.name}/{path.name}"
        Remote(url).put([(name, path)])
    return url


def gelombang(root: str, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--language", "en", "--data", root])


def versions(fs: Any, path: str) -> list[Any]:
    bucket, name, _ = fs.split_path(path)
    return list(fs.call_s3("list_object_versions", Bucket=bucket, Prefix=name)["Versions"])


def another(machine: pytest.MonkeyPatch, folder: Path) -> None:
    """What follows is done on a machine that has the keys' folder and nothing of the root."""
    machine.setenv("GELOMBANG_MIRROR", str(folder))
    settings.cache_clear()


def test_a_waves_key_is_destroyed_in_a_store_in_every_version(
    server: Any, bucket: str, machine: pytest.MonkeyPatch, tmp_path: Path
):
    store, command = Store.at(bucket), ("purge", "--wave", "3", "--destroy-key")
    held = store.calendar().wave(3)
    wave_lock.take(store, held, wave_lock.Holder("a run"))
    assert isinstance(gelombang(bucket, *command, "--yes").exception, StoreError)
    store.remove(store.key(wave_lock.path_of(store, held)))
    before = store.keys("")
    dry = gelombang(bucket, *command, "--dry-run")
    assert dry.exit_code == 0, dry.exception
    assert store.keys("") == before
    done = gelombang(bucket, *command, "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    assert set(before) - set(store.keys("")) == {
        name for name in before if name.startswith(("descriptors/wave-0003/", "work/verdict-cache/wave-0003/"))
    }
    assert len(versions(server, f"{bucket}/keys/wave-0003.json")) == 1
    another(machine, tmp_path / "two")
    store = Store.at(bucket)
    store.pull("waves/", "published/")
    assert key_ring.is_destroyed(store.root, "wave-0003")
    for path in (store.out(held) / "cohort.parquet", store.published("wave-0003") / "rev-1" / "cohort.parquet"):
        with pytest.raises(WaveKeyDestroyedError):
            files.read_table(path)
    assert Header.of(store.places("wave-0003")) is not None
    assert files.read_table(store.places("wave-0003"))["nik"].to_pylist() == [nik(1)]
    assert files.read_table(store.root / "waves/wave-0004/cohort.parquet").num_rows == 1
    [line] = log.entries(store, 3, "key_destroyed")
    assert line.facts["places"] == 1
    assert isinstance(gelombang(bucket, *command, "--yes").exception, WaveKeyDestroyedError)


def test_the_master_key_of_a_store_is_changed_and_older_wrappings_go(
    server: Any, bucket: str, machine: pytest.MonkeyPatch, tmp_path: Path
):
    old = (tmp_path / "secrets" / "master.key").read_bytes()
    done = gelombang(bucket, "rotate-key", "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(versions(server, f"{bucket}/keys/wave-0003.json")) == 1
    another(machine, tmp_path / "two")
    store = Store.at(bucket)
    store.pull("waves/")
    cohort = store.root / "waves/wave-0004/cohort.parquet"
    assert files.read_table(cohort).num_rows == 1
    (tmp_path / "secrets" / "master.key").write_bytes(old)
    with pytest.raises(MasterKeyError):
        files.read_table(cohort)


def test_a_store_that_does_not_tell_its_versions_is_a_named_error(
    server: Any, bucket: str, machine: pytest.MonkeyPatch
):
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError("Access Denied")

    machine.setattr(type(server), "call_s3", refused)
    with pytest.raises(StoreError, match=r"Older versions of .*wave-0003.json may be left: PermissionError"):
        Store.at(bucket).settle("keys/wave-0003.json")
