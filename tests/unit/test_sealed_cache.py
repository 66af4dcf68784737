"""Kept measurements and prints where encryption is on: sealed under the wave's key, and else as ever."""

from __future__ import annotations

import contextlib
import resource
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.domain.contracts import COHORT
from pipeline.domain.errors import WaveKeyDestroyedError
from pipeline.domain.settings import settings
from pipeline.publication import key_destruction
from pipeline.selfie import cache
from pipeline.selfie.cache import VerdictFolder, key
from pipeline.selfie.one_against_all.prints import PrintFolder, record
from pipeline.selfie.verdict import Measurement
from pipeline.storage import files, key_ring, sealed
from pipeline.storage.paths import Store
from pipeline.wave_run import kept_prints

KEYS = [key(bytes([n]), b"reference", "model", "limits") for n in range(40)]
MEASURED = {k: Measurement(distance=n / 100, faces=1, blur=0.5) for n, k in enumerate(KEYS)}


def some(first: int, last: int) -> dict[str, Measurement]:
    return {k: MEASURED[k] for k in KEYS[first:last]}


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A root with encryption at rest, and keys of this test's own."""
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "true")
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "secrets"))
    settings.cache_clear()
    (tmp_path / "data").mkdir()
    yield tmp_path / "data"
    monkeypatch.undo()
    settings.cache_clear()


def kept(root: Path, wave: int = 3) -> VerdictFolder:
    return VerdictFolder(root / "work" / "verdict-cache", root, f"wave-{wave:04d}")


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in kept(root).folder.rglob("*") if path.is_file())


def found(root: Path, wave: int = 3) -> tuple[dict[str, Measurement], list[str]]:
    """What the next process finds, and what it refuses."""
    after = kept(root, wave).opened()
    after.refresh()
    measured = {k: m for k in KEYS if (m := after.get(k)) is not None}
    return measured, [name.rpartition("/")[2].rpartition(":")[2] for name in after.refused()]


def test_what_is_kept_is_sealed_and_found_by_the_wave_alone(root: Path):
    one, other = kept(root).opened(), kept(root).opened()
    for first in (0, 10, 20):
        one.put(some(first, first + 5))
        other.put(some(first + 5, first + 10))
    one.refresh()
    assert {k: one.get(k) for k in KEYS[:30]} == some(0, 30)
    assert len(files_of(root)) == 2
    for path in files_of(root):
        assert path.parent.name == "wave-0003"
        assert b"distance" not in path.read_bytes()
        assert not [k for k in KEYS if k.encode() in path.read_bytes()]
    assert found(root) == (some(0, 30), [])
    assert found(root, 4) == ({}, [])


def test_the_bytes_of_a_root_without_encryption_are_as_before(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", "false")
    settings.cache_clear()
    kept(root).opened().put(some(0, 2))
    [path] = files_of(root)
    assert path.parent == kept(root).folder
    assert path.suffix == ".jsonl"
    assert path.read_bytes().startswith(b'{"key":"' + KEYS[0].encode() + b'","mac":"')
    assert not (root / "keys").exists()


def test_what_was_kept_before_encryption_is_still_found_and_stays_sealed_after(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    for turned, first in (("false", 0), ("true", 5), ("false", 10)):
        monkeypatch.setenv("GELOMBANG_ENCRYPTION__AT_REST", turned)
        settings.cache_clear()
        kept(root).opened().put(some(first, first + 5))
    assert found(root)[0] == some(0, 15)
    assert sorted(path.suffix for path in files_of(root)) == [".jsonl", ".sealed", ".sealed"]


def test_a_block_that_a_kill_cut_off_is_nobodys_and_the_others_stand(root: Path):
    one = kept(root).opened()
    one.put(some(0, 3))
    one.put(some(3, 6))
    [path] = files_of(root)
    path.write_bytes(path.read_bytes()[:-30])
    assert found(root) == (some(0, 3), [])
    kept(root).opened().put(some(3, 6))
    assert found(root) == (some(0, 6), [])


@pytest.mark.parametrize("where", ["block", "header", "another wave's"])
def test_what_was_changed_is_named_and_measured_anew(root: Path, where: str):
    one = kept(root).opened()
    one.put(some(0, 3))
    one.put(some(3, 6))
    [path] = files_of(root)
    data = bytearray(path.read_bytes())
    if where == "another wave's":
        kept(root, 4).opened().put(some(0, 3))
        shutil.copy(path, kept(root, 4).folder / "wave-0004" / path.name)
        assert found(root, 4) == (some(0, 3), ["0"])
        return
    at = data.index(b"\n") + 30 if where == "block" else data.index(b"gelombang")
    data[at] ^= 1
    path.write_bytes(bytes(data))
    left, refused = found(root)
    assert (left, refused) == ((some(3, 6), ["0"]) if where == "block" else ({}, ["0", "1"]))


def test_lines_of_one_person_are_overwritten_in_every_wave_and_others_stay(root: Path):
    for wave in (3, 4):
        kept(root, wave).opened().put(some(0, 5))
    assert cache.kept_of(kept(root), {KEYS[1], "0" * 64}) == {KEYS[1]}
    sizes = [path.stat().st_size for path in files_of(root)]
    assert cache.forget(kept(root), {KEYS[1]}) == files_of(root)
    assert [path.stat().st_size for path in files_of(root)] == sizes
    assert cache.kept_of(kept(root), {KEYS[1]}) == set()
    for wave in (3, 4):
        assert found(root, wave)[0] == {k: m for k, m in some(0, 5).items() if k != KEYS[1]}


@pytest.fixture
def destroyed(root: Path, tmp_path: Path) -> Path:
    """A root of which wave 3's key was destroyed, and a copy of its cache from before."""
    store, place = Store.at(root), {"wave": 3, "rank": 1, "registration_id": "W3-1", "nik": "1" * 16}
    for folder in (store.root / "waves" / "wave-0003", store.published("wave-0003") / "rev-1"):
        files.write_table(pa.Table.from_pylist([place], COHORT), folder / "cohort.parquet", COHORT)
    for wave in (3, 4):
        kept(root, wave).opened().put(some(0, 3))
    (kept(root).folder / "old.jsonl").write_bytes(b'{"key":"' + KEYS[9].encode() + b'"}\n')
    shutil.copytree(kept(root).folder, tmp_path / "backup")
    key_destruction.destroy(store, store.calendar().wave(3), datetime.now().astimezone())
    return root


def test_with_the_waves_key_its_measurements_go_also_from_a_copy(destroyed: Path, tmp_path: Path):
    assert [path.parent.name for path in files_of(destroyed)] == ["wave-0004"]
    assert found(destroyed, 4)[0] == some(0, 3)
    shutil.copytree(tmp_path / "backup" / "wave-0003", kept(destroyed).folder / "wave-0003")
    with pytest.raises(WaveKeyDestroyedError):
        kept(destroyed).opened()
    assert cache.kept_of(kept(destroyed), set(KEYS)) == set(KEYS[:3])  # those of wave 4


def test_a_worker_that_had_seen_what_was_deleted_measures_anew(root: Path):
    one = kept(root).opened()
    one.put(some(0, 3))
    shutil.rmtree(kept(root).folder / "wave-0003")
    assert one.get(KEYS[0]) is None
    assert one.refused() == ()


def test_prints_of_faces_are_sealed_under_the_waves_key_and_go_with_it(root: Path, tmp_path: Path):
    store, rows = Store.at(root), np.zeros(2, record(4))
    run = PrintFolder(root / "work" / "descriptors" / "wave-0003", root, "wave-0003")
    run.log_of_this_process("m").put_rows(rows)
    assert len(run.read("m")[0]) == 2
    waves = [store.calendar().wave(number) for number in (3, 4)]
    paths = [
        kept_prints.keep(
            store, this, revision=1, model="m", people=[("a", "x"), ("b", "x")], prints=rows, published=date.today()
        )
        for this in waves
    ]
    for path in (*paths[:1], *run.folder.iterdir()):
        assert sealed.header_of(path)["key"] == sealed.name_of(key_ring.opened(root, "wave-0003"))
    assert [one.wave for one in kept_prints.of_earlier_waves(store, replace(waves[1], number=5), date.today())] == [
        3,
        4,
    ]
    files.overwrite(key_ring.key_path(root, "wave-0003"), key_ring.gone(root, "wave-0003", datetime.now().astimezone()))
    with pytest.raises(WaveKeyDestroyedError):
        run.read("m")
    assert [one.wave for one in kept_prints.of_earlier_waves(store, replace(waves[1], number=5), date.today())] == [4]
    assert kept_prints.kept_of(store, waves[0], {"a"}) == 0
    kept_prints.forget_people(store, waves[1], {"a"})
    assert kept_prints.kept_of(store, waves[1], {"a", "b"}) == 1


def test_a_block_that_the_disk_had_no_room_for_is_in_nobodys_way(tmp_path: Path):
    """The size of a file is limited, as a full disk limits it: the first block finds no room, later the third."""
    key, small, large = bytes(32), b"a" * 1000, b"b" * 100_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = sealed.SealedWriter(tmp_path / "a.sealed", key, {})
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        for data in (large, small, small, large, small):
            with contextlib.suppress(OSError):
                writer.add(data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, told)
    assert list(sealed.blocks_of(tmp_path / "a.sealed", key)) == [small] * 3
