"""What goes from one machine to another through a store, what never does, and what nobody sees half."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError
from pipeline.selfie.verdict import PhotoPair
from pipeline.storage.files import write_text
from pipeline.storage.mirror import Mirror
from pipeline.storage.object_store import is_below
from pipeline.storage.paths import Store
from pipeline.wave_run import photo_prefetch
from tests.stores import memory_store

WAVE = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
WORK = "work/wave-0001/"


@pytest.fixture
def url() -> Iterator[str]:
    with memory_store() as name:
        yield name


@pytest.fixture
def machines(url: str, tmp_path: Path) -> tuple[Mirror, Mirror]:
    return Mirror.of(url, tmp_path / "one"), Mirror.of(url, tmp_path / "two")


def here(mirror: Mirror) -> dict[str, str]:
    found = {p.relative_to(mirror.folder).as_posix(): p for p in mirror.folder.rglob("*") if p.is_file()}
    return {key: path.read_text() for key, path in found.items() if not path.name.startswith(".")}


def there(mirror: Mirror, prefix: str = "") -> list[str]:
    return list(mirror.remote.list(prefix))


def test_what_one_writes_the_other_reads_and_what_one_removes_is_gone(machines: tuple[Mirror, Mirror]) -> None:
    one, two = machines
    write_text("a", one.folder / WORK / "a.txt")
    write_text("b", one.folder / WORK / "deep/b.txt")
    one.push(WORK)
    two.pull(WORK)
    assert here(two) == {f"{WORK}a.txt": "a", f"{WORK}deep/b.txt": "b"}
    write_text("A", two.folder / WORK / "a.txt")
    (two.folder / WORK / "deep/b.txt").unlink()
    two.push(WORK)
    one.pull(WORK)
    assert here(one) == {f"{WORK}a.txt": "A"}


def test_what_another_machine_added_is_never_removed_but_where_a_run_begins_anew(
    machines: tuple[Mirror, Mirror],
) -> None:
    one, two = machines
    write_text("a", one.folder / WORK / "a.txt")
    one.push(WORK)
    write_text("b", two.folder / WORK / "b.txt")
    two.push(WORK)
    one.push(WORK)
    assert there(one) == [f"{WORK}a.txt", f"{WORK}b.txt"]
    one.push(WORK, replace=True)
    assert there(one) == [f"{WORK}a.txt"]


def test_what_is_temporary_stays_on_its_machine(machines: tuple[Mirror, Mirror]) -> None:
    one, _ = machines
    for name in (".a.txt.1.part", "tmp/spill", ".rev-1.77/cohort.parquet", "a.txt"):
        write_text("x", one.folder / WORK / name)
    one.push(WORK)
    assert there(one) == [f"{WORK}a.txt"]
    one.pull(WORK)
    assert (one.folder / WORK / "tmp/spill").is_file()


def test_what_a_killed_task_left_gives_way_but_lines_that_were_paid_for_stay(machines: tuple[Mirror, Mirror]) -> None:
    one, two = machines
    write_text("whole", one.folder / WORK / "a.txt")
    one.push(WORK)
    two.pull(WORK)
    write_text("left", two.folder / WORK / "a.txt")
    write_text("left", two.folder / WORK / "b.txt")
    two.pull(WORK, keep=True)
    assert here(two) == {f"{WORK}a.txt": "left", f"{WORK}b.txt": "left"}
    two.pull(WORK)
    assert here(two) == {f"{WORK}a.txt": "whole"}


@pytest.mark.parametrize(
    ("folder", "last"), [("waves/wave-0001", "manifest.json"), ("published/wave-0001/rev-1", "publication.json")]
)
@pytest.mark.parametrize("once", [False, True])
def test_a_folder_that_is_being_written_is_not_there(
    machines: tuple[Mirror, Mirror], tmp_path: Path, monkeypatch, folder: str, last: str, once: bool
) -> None:
    one, two = machines
    new = tmp_path / "new"
    write_text("new", new / "cohort.parquet")
    write_text("new", new / last)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    put = type(one.remote).put
    with monkeypatch.context() as patched:
        if once:  # a revision's last file is made, a wave's is put: either is what the kill comes before
            make = type(one.remote).create
            patched.setattr(type(one.remote), "create", lambda s, k, d: killed() if k.endswith(last) else make(s, k, d))
        else:
            patched.setattr(
                type(one.remote), "put", lambda s, fs: killed() if last in str(fs := list(fs)) else put(s, fs)
            )
        with pytest.raises(KeyboardInterrupt):
            one.commit(new, folder, last, once=once)
    assert f"{folder}/cohort.parquet" in there(one)
    two.pull("waves/", "published/")
    assert here(two) == {}
    one.commit(new, folder, last, once=once)
    two.pull("waves/", "published/")
    assert here(two) == {f"{folder}/cohort.parquet": "new", f"{folder}/{last}": "new"}


@pytest.mark.parametrize("folder", ["waves/wave-0001", "published/wave-0001/rev-1"])
def test_a_cohort_of_before_this_software_counts_and_is_not_written_over(
    machines: tuple[Mirror, Mirror], tmp_path: Path, folder: str
) -> None:
    one, two = machines
    one.remote.put([(f"{folder}/cohort.parquet", write_text("old system", tmp_path / "old"))])
    two.pull("waves/", "published/")
    assert here(two) == {f"{folder}/cohort.parquet": "old system"}
    write_text("new", tmp_path / "new" / "publication.json")
    with pytest.raises(StoreError, match="is there already"):
        two.commit(tmp_path / "new", folder, "publication.json", once=True)


def test_a_revision_is_made_once_and_a_wave_again_and_again(machines: tuple[Mirror, Mirror], tmp_path: Path) -> None:
    one, two = machines
    for text in ("first", "second"):
        write_text(text, tmp_path / text / "cohort.parquet")
        write_text(text, tmp_path / text / "last.json")
    write_text("more", tmp_path / "first" / "more.txt")
    one.commit(tmp_path / "first", "published/wave-0001/rev-1", "last.json", once=True)
    with pytest.raises(StoreError, match="is there already"):
        two.commit(tmp_path / "second", "published/wave-0001/rev-1", "last.json", once=True)
    assert two.remote.read("published/wave-0001/rev-1/cohort.parquet") == b"first"
    one.commit(tmp_path / "first", "waves/wave-0001", "last.json", once=False)
    two.commit(tmp_path / "second", "waves/wave-0001", "last.json", once=False)
    assert there(one, "waves/") == ["waves/wave-0001/cohort.parquet", "waves/wave-0001/last.json"]
    assert one.remote.read("waves/wave-0001/last.json") == b"second"


def test_of_many_that_create_an_object_one_wins(machines: tuple[Mirror, Mirror]) -> None:
    one, two = machines
    assert one.remote.create("work/wave-0001.lock", b"one")
    assert two.remote.create("work/wave-0001.lock", b"two") is None
    assert two.remote.read("work/wave-0001.lock") == b"one"
    assert two.remote.read("work/wave-0002.lock") is None


def test_hostile_photographs_are_missing_or_never_asked_for(url: str, tmp_path: Path) -> None:
    mirror = Mirror.of(url, tmp_path / "one")
    where = Store(mirror.folder, mirror=mirror)
    write_text("face", tmp_path / "face.jpg")
    folder = "landing/wave-0001/selfies"
    mirror.remote.put(
        [(f"{folder}/a/face.jpg", tmp_path / "face.jpg"), (f"{folder}/{'x' * 250}", tmp_path / "face.jpg")]
    )
    mirror.remote.put([("landing/wave-0001/secret.jpg", tmp_path / "face.jpg")])
    names = [
        "a/face.jpg",
        "x" * 250,
        "../secret.jpg",
        "/etc/hostname",
        "a",
        "a/face.jpg/b",
        "y" * 2000,
        "\udc80",
        "\0",
        "",
    ]
    pairs = [PhotoPair(name, None) for name in names]
    for block in photo_prefetch.at_hand(where, WAVE, pairs):
        held = sorted(p.relative_to(block.selfies).as_posix() for p in block.selfies.rglob("*") if p.is_file())
        assert held == ["a/face.jpg", "x" * 250]
        assert block.selfies.is_relative_to(mirror.folder)
    assert not [p for p in (mirror.folder / "tmp").rglob("*") if p.is_file()]
    assert not (tmp_path / "secret.jpg").exists()


def test_blocks_follow_one_another_and_cover_every_pair(url: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(photo_prefetch, "BLOCK", 2)
    mirror = Mirror.of(url, tmp_path / "one")
    write_text("face", tmp_path / "face.jpg")
    mirror.remote.put([(f"landing/wave-0001/selfies/{n}.jpg", tmp_path / "face.jpg") for n in range(5)])
    pairs = [PhotoPair(f"{n}.jpg", None) for n in range(5)]
    seen: list[PhotoPair] = []
    for block in photo_prefetch.at_hand(Store(mirror.folder, mirror=mirror), WAVE, pairs):
        assert block.before == len(seen)
        assert all((block.selfies / str(pair.selfie)).is_file() for pair in block.pairs)
        seen += block.pairs
    assert seen == pairs


@pytest.mark.parametrize("key", ["", "..", "a/../b", "/a", "a\\b", "a\0"])
def test_keys_that_would_leave_the_root(key: str) -> None:
    assert not is_below(key)


def test_a_frozen_list_is_read_once_it_is_whole_though_its_writer_died_before_it_tidied_up(
    machines: tuple[Mirror, Mirror], tmp_path: Path
) -> None:
    one, two = machines
    folder = "published/wave-0001/list"
    for name in ("eligible.txt", "list.json"):
        write_text(name, tmp_path / "new" / name)
    one.remote.create(f"{folder}/.unfinished", b"")
    one.remote.put([(f"{folder}/eligible.txt", tmp_path / "new" / "eligible.txt")])
    two.pull("published/")
    assert not (two.folder / folder).exists()
    one.commit(tmp_path / "new", folder, "list.json", once=True)
    one.remote.create(f"{folder}/.unfinished", b"")  # killed before the mark was taken away
    two.pull("published/")
    assert sorted(path.name for path in (two.folder / folder).iterdir()) == ["eligible.txt", "list.json"]
    with pytest.raises(StoreError, match="is there already"):
        one.commit(tmp_path / "new", folder, "list.json", once=True)
