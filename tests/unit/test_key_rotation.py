"""`gelombang rotate-key`: every key under a new master key, the old one useless, killed in the middle and run again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.errors import BadSettingError, MasterKeyError, StoreError
from pipeline.domain.settings import settings
from pipeline.publication import key_rotation
from pipeline.record import log
from pipeline.storage import files, key_ring, sealed, wave_lock
from pipeline.storage.paths import Store
from tests.spec.world import nik

WAVES = range(1, 6)
TABLE = pa.table({"nik": [nik(1)]})
OTHER = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "true")
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "secrets"))
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


def put(given: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        given.setenv(f"GELOMBANG_ENCRYPTION__{name}", value)
    settings.cache_clear()


def table(root: Path, number: int) -> Path:
    return root / "waves" / f"wave-{number:04d}" / "cohort.parquet"


@pytest.fixture
def root(given: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Five sealed waves, of which the key of the last was destroyed."""
    for number in WAVES:
        files.write_table(TABLE, table(tmp_path / "data", number), TABLE.schema)
    gone = key_ring.gone(tmp_path / "data", "wave-0005", datetime.now().astimezone())
    files.overwrite(key_ring.key_path(tmp_path / "data", "wave-0005"), gone)
    return tmp_path / "data"


def rotate(root: Path, *words: str, typed: str = "") -> Result:
    command = ["rotate-key", "--data", str(root), "--language", "en", *words]
    return CliRunner().invoke(app, command, input=typed)


def must_open(root: Path, old: bytes, secrets: Path) -> None:
    """Every key that was there opens, and under the old master key none does."""
    master = secrets / "master.key"
    for number in WAVES[:-1]:
        assert files.read_table(table(root, number)) == TABLE
    assert len(list(secrets.glob("master*"))) == 2
    now = master.read_bytes()
    assert now != old
    assert master.stat().st_mode & 0o777 == 0o600
    master.write_bytes(old)
    for number in WAVES[:-1]:
        with pytest.raises(MasterKeyError, match="another master key"):
            files.read_table(table(root, number))
    master.write_bytes(now)


def test_a_new_master_key_takes_the_place_of_the_file(root: Path, tmp_path: Path):
    secrets = tmp_path / "secrets"
    old, before = (secrets / "master.key").read_bytes(), table(root, 1).read_bytes()
    dry = rotate(root, "--dry-run", "--json")
    assert dry.exit_code == 0, dry.exception
    assert json.loads(dry.stdout) == {"keys": 4, "todo": 4}
    assert rotate(root, typed="n\n").exit_code == 1
    assert (secrets / "master.key").read_bytes() == old
    assert not (root / "record").exists()
    done = rotate(root, typed="y\n")
    assert done.exit_code == 0, (done.output, done.exception)
    assert table(root, 1).read_bytes() == before
    aside = f"master-{sealed.name_of(old)}.key"
    assert aside in done.output
    assert sorted(path.name for path in secrets.glob("master*")) == [aside, "master.key"]
    must_open(root, old, secrets)
    [line] = log.entries(Store.at(root), None, "master_key_changed")
    assert line.facts == {"keys": 4, "new": sealed.name_of((secrets / "master.key").read_bytes())}
    assert key_ring.is_destroyed(root, "wave-0005")


def test_another_data_root_follows_and_then_the_old_key_is_destroyed(root: Path, tmp_path: Path):
    secrets, other = tmp_path / "secrets", tmp_path / "other"
    files.write_table(TABLE, table(other, 1), TABLE.schema)
    old = (secrets / "master.key").read_bytes()
    assert rotate(root, "--yes").exit_code == 0
    new = (secrets / "master.key").read_bytes()
    assert files.read_table(table(other, 1)) == TABLE
    assert isinstance(rotate(other, "--destroy-older", "--yes").exception, MasterKeyError)
    assert rotate(other, "--yes").exit_code == 0
    assert (secrets / "master.key").read_bytes() == new, "it follows, and makes no third one"
    assert rotate(other, "--destroy-older", typed="n\n").exit_code == 1
    done = rotate(other, "--destroy-older", "--yes", "--json")
    assert json.loads(done.stdout) == {"destroyed": [f"master-{sealed.name_of(old)}"]}
    assert sorted(path.name for path in secrets.glob("master*")) == ["master.key"]
    for path in (table(root, 1), table(other, 1)):
        assert files.read_table(path) == TABLE


@pytest.mark.parametrize("writes", range(6))
def test_killed_after_any_write_everything_opens_and_it_goes_on(
    root: Path, tmp_path: Path, given: pytest.MonkeyPatch, writes: int
):
    """Four keys and the master key are written; after each, as before the first and after the last, a kill."""
    secrets, old = tmp_path / "secrets", (tmp_path / "secrets" / "master.key").read_bytes()
    true, left = files.overwrite, writes

    def killed(path: Path, data: bytes) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        true(path, data)
        if writes == 5 and path.name == "master.key":
            raise KeyboardInterrupt

    with given.context() as patch:
        patch.setattr(files, "overwrite", killed)
        with pytest.raises(KeyboardInterrupt):
            key_rotation.rotate(Store.at(root))
    for number in WAVES[:-1]:
        assert files.read_table(table(root, number)) == TABLE
    files.write_table(TABLE, table(root, 9), TABLE.schema)  # a wave that begins meanwhile
    key_rotation.rotate(Store.at(root))
    must_open(root, old, secrets)
    assert files.read_table(table(root, 9)) == TABLE
    assert not (secrets / "master-next.key").exists()
    lords = {json.loads(path.read_text()).get("master") for path in (root / "keys").glob("wave-000[1-49].json")}
    assert lords == {sealed.name_of((secrets / "master.key").read_bytes())}


def test_a_variable_is_changed_by_a_second_one(root: Path, given: pytest.MonkeyPatch, tmp_path: Path):
    first = base64.b64encode((tmp_path / "secrets" / "master.key").read_bytes()).decode()
    (tmp_path / "secrets" / "master.key").unlink()
    put(given, MASTER_KEY=first)
    for same in ("", first):
        put(given, NEXT_MASTER_KEY=same)
        assert isinstance(rotate(root, "--yes").exception, BadSettingError)
    put(given, NEXT_MASTER_KEY=OTHER)
    done = rotate(root, "--yes")
    assert done.exit_code == 0, done.exception
    assert "unset the first" in done.output
    put(given, NEXT_MASTER_KEY="", MASTER_KEY=OTHER)
    assert files.read_table(table(root, 1)) == TABLE
    put(given, MASTER_KEY=first)
    with pytest.raises(MasterKeyError, match="another master key"):
        files.read_table(table(root, 1))
    assert not (tmp_path / "secrets" / "master.key").exists()


class Service:
    """A key service, as a test has one: its key of today is its first byte."""

    name = "service"
    today = b"1"

    def wrap(self, key: bytes, about: bytes) -> bytes:
        return self.today + key[::-1] + about

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        return wrapped[1:].removesuffix(about)[::-1]


def test_keys_go_from_a_file_to_a_service_and_a_service_wraps_them_anew(root: Path, given: pytest.MonkeyPatch):
    put(given, KEY_SERVICE=f"{__name__}:Service")
    for today in (b"1", b"2"):
        given.setattr(Service, "today", today)
        assert rotate(root, "--yes").exit_code == 0
        kept = json.loads((root / "keys" / "wave-0001.json").read_text())
        assert (kept["master"], base64.b64decode(kept["wrapped"])[:1]) == ("service", today)
        assert files.read_table(table(root, 1)) == TABLE
    assert len(log.entries(Store.at(root), None, "master_key_changed")) == 2


def test_nothing_is_changed_while_a_run_holds_a_wave_or_where_nothing_is_sealed(root: Path, tmp_path: Path):
    store = Store.at(root)
    wave_lock.take(store, store.calendar().wave(1), wave_lock.Holder("a run"))
    refused = rotate(root, "--yes")
    assert isinstance(refused.exception, StoreError)
    assert "A run holds wave-0001" in str(refused.exception)
    (tmp_path / "plain").mkdir()
    nothing = rotate(tmp_path / "plain", "--yes")
    assert nothing.exit_code == 0, nothing.exception
    assert "nothing is sealed" in nothing.output


def test_a_secret_file_that_is_overwritten_leaves_its_bytes_nowhere(tmp_path: Path):
    path, other_name = tmp_path / "a.key", tmp_path / "other name of the same file"
    path.write_bytes(b"secret")
    other_name.hardlink_to(path)
    files.overwrite(path, b"new")
    assert (path.read_bytes(), other_name.read_bytes()) == (b"new", b"\0" * 6)
    assert path.stat().st_mode & 0o777 == 0o600
