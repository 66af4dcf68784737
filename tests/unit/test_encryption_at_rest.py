"""Tables about people, sealed where they lie: the same decisions, nothing without the key, and named errors."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.errors import (
    BadSettingError,
    MasterKeyError,
    SealedFileError,
    StoreError,
    WaveKeyDestroyedError,
)
from pipeline.domain.settings import settings
from pipeline.publication import erased_rows
from pipeline.publication.public_files import write_public_files
from pipeline.record import log
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.overview import lines_of
from pipeline.review.cases import read_cases
from pipeline.storage import duckdb_sql, files, sealed_paths, wave_lock
from pipeline.storage.paths import Store
from pipeline.storage.sealed_file import CHUNK, Header, SealedInput, SealedOutput
from pipeline.wave_run.plan import Plan
from tests.spec.world import World, kk, nik, wave
from tests.unit.test_audit_beacon import finished as beacon_wave
from tests.unit.test_check_a_draw import by_python

KEY = bytes(range(32))
NAMES = ("SITI AMINAH", "BUDI SANTOSO")


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Encryption at rest, with a master key of this test's own."""
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "true")
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "secrets"))
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def table_at(path: Path, rows: int = 3) -> pa.Table:
    table = pa.table({"nik": [nik(n) for n in range(rows)], "name": ["SITI AMINAH"] * rows})
    files.write_table(table, path, table.schema)
    return table


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_a_sealed_file_reads_as_the_plain_one_from_anywhere(tmp_path: Path, size: int):
    data, path = os.urandom(size), tmp_path / "a"
    with SealedOutput(path, KEY, "wave-0001", "k") as out:
        for start in range(0, size, 1000):
            out.write(data[start : start + 1000])
    header = Header.of(path)
    assert header is not None
    with SealedInput(path, KEY, header) as file:
        assert file.size == size
        assert file.read() == data
        for at, length in ((0, 10), (size // 2, CHUNK), (max(0, size - 5), 100), (size + 5, 1)):
            file.seek(at)
            assert file.read(length) == data[at : at + length]


def test_what_was_changed_cut_off_or_moved_is_seen(tmp_path: Path):
    path = tmp_path / "a"
    with SealedOutput(path, KEY, "wave-0001", "k") as out:
        out.write(os.urandom(3 * CHUNK))
    whole, header = path.read_bytes(), Header.of(path)
    assert header is not None
    begin, step = len(header.line), CHUNK + 16
    chunks = [whole[begin + n * step : begin + (n + 1) * step] for n in range(3)]
    for broken in (
        whole[:begin] + b"".join(chunks[:2]),
        whole[:begin] + chunks[1] + chunks[0] + chunks[2],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole[:-20],
        whole[:begin],
    ):
        path.write_bytes(broken)
        with pytest.raises(SealedFileError), SealedInput(path, KEY, header) as file:
            file.read()
    path.write_bytes(whole)
    with pytest.raises(SealedFileError), SealedInput(path, bytes(32), header) as file:
        file.read()


@pytest.mark.parametrize(
    ("name", "sealed"),
    [
        ("work/wave-0001/screened.parquet", True),
        ("work/wave-0001/out/.notices.csv.77.part", True),
        ("work/wave-0001/verdicts/a.parquet", True),
        ("waves/wave-0001/cohort.parquet", True),
        ("published/wave-0001/rev-1/cohort.parquet", True),
        ("published/wave-0001/rev-1/public/x.parquet", False),
        ("published/wave-0001/list/x.parquet", False),
        ("waves/wave-0001/funnel.json", False),
        ("waves/wave-0001/eligible.txt", False),
        ("landing/wave-0001/registrations/a.parquet", False),
        ("extracts/population/asof=2021-01-01/a.parquet", False),
        ("work/nobody.parquet", False),
    ],
)
@pytest.mark.usefixtures("on")
def test_which_files_are_sealed(tmp_path: Path, name: str, sealed: bool):
    path = tmp_path / "data" / name
    path.parent.mkdir(parents=True)
    with sealed_paths.open_to_write(path) as file:
        file.write(b"SITI")
    assert (b"SITI" not in path.read_bytes()) == sealed
    with sealed_paths.open_to_read(path) as file:
        assert file.read() == b"SITI"


@pytest.mark.usefixtures("on")
def test_duckdb_and_pyarrow_write_and_read_the_same_sealed_files(tmp_path: Path):
    folder = tmp_path / "data" / "work" / "wave-0001"
    folder.mkdir(parents=True)
    one, other, plain = folder / "one[1].parquet", folder / "other.parquet", tmp_path / "plain[1].parquet"
    table = table_at(one, 300_000)
    with duckdb_sql.connect(folder) as db:
        query = f"SELECT * FROM '{duckdb_sql.quoted(one)}' ORDER BY nik"
        assert duckdb_sql.copy(db, query, other) == 300_000
        assert duckdb_sql.copy(db, query, plain) == 300_000
        read = duckdb_sql.read([one, other, plain])
        assert db.execute(f"SELECT count(*), count(DISTINCT nik) FROM {read}").fetchall() == [(900_000, 300_000)]
    assert files.read_table(other).num_rows == table.num_rows
    assert files.rows(other) == 300_000
    assert files.sha256(other) == files.sha256(plain)  # the plain bytes are the same
    assert Header.of(plain) is None
    assert other.read_bytes() != plain.read_bytes()


@pytest.mark.usefixtures("on")
def test_a_changed_file_is_a_named_error_inside_duckdb_too(tmp_path: Path):
    path = tmp_path / "data" / "work" / "wave-0001" / "a.parquet"
    table_at(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(SealedFileError, match=r"a\.parquet"), duckdb_sql.connect(path.parent) as db:
        db.execute(f"SELECT * FROM {duckdb_sql.read([path])}").fetchall()


@pytest.mark.usefixtures("on")
def test_keys_that_are_missing_others_or_destroyed_are_named_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "data" / "waves" / "wave-0001" / "cohort.parquet"
    table_at(path)
    master = tmp_path / "secrets" / "master.key"
    kept = master.read_bytes()
    master.unlink()
    with pytest.raises(MasterKeyError, match="is not here"):
        files.read_table(path)
    assert not master.exists(), "a lost key is never replaced by a new one"
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    with pytest.raises(MasterKeyError, match="another master key"):
        duckdb_sql.read([path])
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__MASTER_KEY", base64.b64encode(kept).decode())
    settings.cache_clear()
    assert files.read_table(path).num_rows == 3
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__MASTER_KEY", "short")
    settings.cache_clear()
    with pytest.raises(BadSettingError, match="32 bytes"):
        files.read_table(path)


class Service:
    """A key service, as a test has one: wraps by turning the bytes round."""

    name = "service"

    def wrap(self, key: bytes, about: bytes) -> bytes:
        return key[::-1] + about

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        return wrapped.removesuffix(about)[::-1]


@pytest.mark.usefixtures("on")
def test_a_key_service_takes_the_master_keys_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__KEY_SERVICE", f"{__name__}:Service")
    settings.cache_clear()
    path = tmp_path / "data" / "waves" / "wave-0001" / "cohort.parquet"
    table_at(path)
    assert files.read_table(path).num_rows == 3
    assert not (tmp_path / "secrets" / "master.key").exists()


def finished(root: Path) -> Path:
    """Two people in wave 3, one of them again in wave 4; everything is drawn, decided and finished."""
    world = World(root)
    root.mkdir()
    for n, name in enumerate(NAMES, 1):
        world.person(nik(n), kk=kk(n), full_name=name)
    for number, people in ((3, (1,)), (4, (1, 2))):
        this = wave(number, seed=f"seed {number}", quota=5)
        world.applications.clear()
        for n in people:
            world.apply(this, f"W{number}-{n}", nik(n), kk=kk(n), full_name=NAMES[n - 1])
        world.enter("blacklist", nik(9), reason="x")
        world.screen(this)
        world.decide(this, {})
        write_funnel(Store.at(root), this)
        world.finish(this)
    return root


def decided(root: Path) -> dict[str, list[dict[str, object]]]:
    return {
        f"{folder.name}/{name}": files.read_table(folder / f"{name}.parquet").to_pylist()
        for folder in Store.at(root).wave_folders("waves").values()
        for name in ("decisions", "cohort", "reserve", "rejections")
    }


@pytest.fixture(scope="module")
def plain_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("plain") / "data")


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished root in ``data`` and its master key in ``secrets``."""
    folder = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "true")
        patch.setenv("GELOMBANG_SECRETS", str(folder / "secrets"))
        settings.cache_clear()
        finished(folder / "data")
    settings.cache_clear()
    return folder


@pytest.fixture
def sealed_root(sealed_once: Path, on: None, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    shutil.copytree(sealed_once / "secrets", tmp_path / "secrets", dirs_exist_ok=True)
    return Path(shutil.copytree(sealed_once / "data", tmp_path / "data"))


def hashes(root: Path) -> dict[str, str]:
    said = files.read_json(root / "waves" / "wave-0004" / "manifest.json")
    return {entry["file"]: entry["sha256"] for part in ("work", "outputs", "inputs") for entry in said[part]}


def test_decisions_and_hashes_are_those_of_the_plain_wave(plain_root: Path, sealed_root: Path):
    assert decided(sealed_root) == decided(plain_root)
    assert hashes(sealed_root) == hashes(plain_root)


def ours(root: Path) -> list[Path]:
    return [p for kind in ("work", "waves", "published") for p in sorted((root / kind).rglob("*")) if p.is_file()]


def test_without_its_key_a_root_yields_nothing(sealed_root: Path, tmp_path: Path):
    shutil.rmtree(tmp_path / "secrets")
    tables = [path for path in ours(sealed_root) if path.suffix == ".parquet"]
    assert len(tables) > 20
    for path in tables:
        with pytest.raises(duckdb.Error):
            duckdb.execute(f"SELECT * FROM read_parquet('{path}')")
        with pytest.raises((pa.ArrowInvalid, OSError)):
            pq.read_table(path)
        with pytest.raises(MasterKeyError):
            files.read_table(path)
    told = [text.encode() for text in (*NAMES, nik(1), nik(2), "budi@example.org", "081200000000")]
    for path in ours(sealed_root):
        assert not [text for text in told if text in path.read_bytes()], path


def publish(root: Path, number: int) -> None:
    """A published cohort, as far as it matters to a key."""
    folder = root / "published" / f"wave-{number:04d}" / "rev-1"
    folder.mkdir(parents=True)
    files.copy(root / "waves" / f"wave-{number:04d}" / "cohort.parquet", folder / "cohort.parquet")
    said = {"revision": 1, "accepted": 1, "decree": "SK 1", "published_at": "2020-05-01T09:00:00+07:00"}
    files.write_json(said, folder / "publication.json")


def gelombang(root: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(root)], input=typed)


def test_a_destroyed_key_opens_nothing_more_and_who_has_a_place_stays_known(sealed_root: Path, tmp_path: Path):
    publish(sealed_root, 3)
    command = ("purge", "--wave", "3", "--destroy-key", "--language", "en")
    dry = gelombang(sealed_root, *command, "--dry-run")
    assert dry.exit_code == 0, dry.exception
    assert log.entries(Store.at(sealed_root), 3, "key_destroyed") == []
    assert gelombang(sealed_root, *command, typed="n\n").exit_code == 1
    assert files.read_table(sealed_root / "waves" / "wave-0003" / "cohort.parquet").num_rows == 1
    done = gelombang(sealed_root, *command, typed="y\n")
    assert done.exit_code == 0, (done.output, done.exception)
    [line] = log.entries(Store.at(sealed_root), 3, "key_destroyed")
    assert line.facts["places"] == 1
    for path in ours(sealed_root):
        if path.suffix == ".parquet" and "wave-0003" in path.parts and path.name != "places.parquet":
            with pytest.raises(WaveKeyDestroyedError, match="wave-0003"):
                files.read_table(path)
    assert isinstance(gelombang(sealed_root, "explain", "3", "W3-1").exception, WaveKeyDestroyedError)
    assert isinstance(gelombang(sealed_root, "audit", "3").exception, WaveKeyDestroyedError)
    assert isinstance(gelombang(sealed_root, *command, "--yes").exception, WaveKeyDestroyedError)
    found = gelombang(sealed_root, "find", "--json", typed="siti\n")
    assert [row["wave"] for row in json.loads(found.stdout)] == [4]
    for name in ("status", "waves"):
        said = gelombang(sealed_root, name, "--json")
        assert said.exit_code == 0, said.exception
        [third] = [one for one in json.loads(said.stdout) if one["wave"] == 3]
        assert name != "status" or third["published"]["accepted"] == 1
    held = gelombang(sealed_root, "access", str(tmp_path / "a.json"), "--asked-by", "herself", typed=f"{nik(1)}\n")
    assert held.exit_code == 0, held.exception
    [third] = [one for one in json.loads((tmp_path / "a.json").read_text())["waves"] if one["wave"] == 3]
    assert third["place_kept_after_the_key_was_destroyed"][0]["nik"] == nik(1)
    # the overview counts people of the waves that can be opened, and keeps the others' lines
    assert [line.key for line in lines_of(Store.at(sealed_root))] == ["wave-0003", "wave-0004"]
    cohorts = Store.at(sealed_root).cohorts()
    assert [path.name for path in cohorts] == ["places.parquet", "cohort.parquet"]
    assert files.read_table(cohorts[0]).to_pylist()[0]["province_code"] is None


def test_after_it_nobody_gets_a_second_place(sealed_root: Path):
    publish(sealed_root, 3)
    assert gelombang(sealed_root, "purge", "--wave", "3", "--destroy-key", "--yes").exit_code == 0
    world, later = World(sealed_root), wave(4, seed="again", quota=5)
    for n in (1, 2):
        world.person(nik(n), kk=kk(n), full_name=NAMES[n - 1])
        world.apply(later, f"X{n}", nik(n), kk=kk(n), full_name=NAMES[n - 1])
    screened = world.screen(later)
    assert screened["X1"]["reasons"] == ["already_accepted"]
    assert screened["X2"]["reasons"] == []


@pytest.mark.parametrize(
    ("bent", "told"),
    [("unpublished", "not published"), ("plain", "not sealed and would stay readable"), ("held", "A run holds")],
)
def test_a_key_that_cannot_be_destroyed_yet(sealed_root: Path, bent: str, told: str):
    if bent != "unpublished":
        publish(sealed_root, 3)
    if bent == "plain":
        pq.write_table(pa.table({"a": [1]}), sealed_root / "work" / "wave-0003" / "left.parquet")
    if bent == "held":
        store = Store.at(sealed_root)
        wave_lock.take(store, store.calendar().wave(3), wave_lock.Holder("a run"))
    refused = gelombang(sealed_root, "purge", "--wave", "3", "--destroy-key", "--yes")
    assert isinstance(refused.exception, StoreError)
    assert told in str(refused.exception)
    assert files.read_table(sealed_root / "waves" / "wave-0003" / "cohort.parquet").num_rows == 1


def test_the_commands_about_a_wave_work_on_a_sealed_root(sealed_root: Path):
    assert gelombang(sealed_root, "explain", "4", "W4-2", "--language", "en").exit_code == 0
    assert read_cases(Store.at(sealed_root), wave(4)) == []
    objected = gelombang(sealed_root, "object", "4", "W4-1", "--text", "that is me")
    assert objected.exit_code == 0 or "accepted" in str(objected.exception), objected.exception
    found = gelombang(sealed_root, "find", "--json", typed="siti\n")
    assert [row["wave"] for row in json.loads(found.stdout)] == [4, 3]
    assert gelombang(sealed_root, "diff", "3", "4").exit_code == 0
    before = shutil.copytree(sealed_root / "waves" / "wave-0003", sealed_root / "waves" / "wave-0003-before")
    assert "The same decisions" in gelombang(sealed_root, "diff", str(before), "3", "--language", "en").output


def test_a_plain_copy_is_made_with_a_line_in_the_record(sealed_root: Path, tmp_path: Path):
    path, out = sealed_root / "waves" / "wave-0004" / "cohort.parquet", tmp_path / "plain.parquet"
    done = gelombang(sealed_root, "unseal", str(path), str(out), "--why", "for the bank")
    assert done.exit_code == 0, done.exception
    assert pq.read_table(out).to_pylist() == files.read_table(path).to_pylist()
    [look] = log.entries(Store.at(sealed_root), 4, "looked_up")
    assert look.facts["why"] == "for the bank"
    outside = gelombang(sealed_root, "unseal", str(out), str(tmp_path / "again"), "--why", "x")
    assert isinstance(outside.exception, StoreError)


def test_what_is_sealed_stays_sealed_when_it_is_written_anew(sealed_root: Path, monkeypatch: pytest.MonkeyPatch):
    path = sealed_root / "waves" / "wave-0004" / "cohort.parquet"
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "false")
    settings.cache_clear()
    store = Store.at(sealed_root)
    erased_rows.take_out(store, wave(4), [path], {"W4-2"}, {})
    assert Header.of(path) is not None
    assert "W4-2" not in files.read_table(path)["registration_id"].to_pylist()


def test_the_draw_is_checked_from_public_files_once_the_key_is_destroyed(on: None, tmp_path: Path):
    root = tmp_path / "data"
    folder = beacon_wave(root)
    store, number = Store.at(root), int(folder.name[5:])
    run = replace(wave(number), seed="", beacon="demonstration")
    revision = store.published(folder.name) / "rev-1"
    revision.mkdir(parents=True)
    files.copy(folder / "cohort.parquet", revision / "cohort.parquet")
    plan = Plan(store, run, {}, 1, run.closes.astimezone())
    public = write_public_files(plan, revision, folder / "decisions.parquet")
    assert public is not None
    before = {path.name: path.read_bytes() for path in public.iterdir()}
    assert not [name for name, data in before.items() if b"gelombang_sealed" in data]
    assert gelombang(root, "purge", "--wave", str(number), "--destroy-key", "--yes").exit_code == 0
    with pytest.raises(WaveKeyDestroyedError):
        files.read_table(folder / "decisions.parquet")
    assert {path.name: path.read_bytes() for path in public.iterdir()} == before
    same, said = by_python(public)
    assert same, said


def test_what_was_delivered_is_plain_whatever_it_begins_with(tmp_path: Path):
    path = tmp_path / "data" / "landing" / "wave-0001" / "registrations" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"gelombang_sealed":1,"wave":"wave-0001","key":"x"}')
    assert files.sha256(path) == sha256(path.read_bytes()).hexdigest()
