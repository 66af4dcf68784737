"""The record is read once a process: no request for what is known, and nothing of a root that was there before."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest

from pipeline.record import log
from pipeline.record.entry_cache import EntryCache
from pipeline.storage.object_store import Remote
from pipeline.storage.paths import Store


@pytest.fixture(params=["folder", "elsewhere"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        (tmp_path / "data").mkdir()
        yield str(tmp_path / "data")
        return
    url = f"memory://{uuid4().hex}"
    yield url
    remove(url)


def remove(root: str) -> None:
    if "://" not in root:
        shutil.rmtree(root)
        Path(root).mkdir()
        return
    fs, path = fsspec.core.url_to_fs(root)
    if fs.exists(path):
        fs.rm(path, recursive=True)


def note(root: str, *runs: str) -> Store:
    store = Store.at(root)
    for run in runs:
        log.note(store, "unlocked", 1, {"run": run, "since": ""})
    return store


def told(store: Store) -> list[str]:
    return [entry.facts["run"] for entry in log.entries(store, 1, "unlocked")]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every object of a store elsewhere, and every entry of a folder, that is read."""
    seen: list[str] = []
    true = Store.read

    def read(self: Store, key: str) -> bytes | None:
        seen.append(key)
        return true(self, key)

    monkeypatch.setattr(Store, "read", read)
    return seen


def test_an_entry_is_read_once(root: str, reads: list[str]):
    store = note(root, "a", "b", "c")
    assert told(store) == ["a", "b", "c"]
    reads.clear()
    assert told(store) == ["a", "b", "c"]
    assert reads == []
    note(root, "d")
    reads.clear()
    assert told(Store.at(root)) == ["a", "b", "c", "d"]
    assert reads == ["record/00000004.json"]


def test_a_root_that_is_made_anew_in_the_same_place_is_read_anew(root: str):
    assert told(note(root, "a", "b")) == ["a", "b"]
    remove(root)
    log.forget(Store.at(root))
    assert told(Store.at(root)) == []
    assert told(note(root, "x", "y", "z")) == ["x", "y", "z"]


def test_what_was_changed_is_seen_and_an_audit_reads_everything(root: str, reads: list[str]):
    store = note(root, "a", "b")
    told(store)
    changed = (store.read("record/00000001.json") or b"").replace(b'"a"', b'"A"')
    store.remove("record/00000001.json")
    store.create("record/00000001.json", changed)
    assert told(store) == ["A", "b"]
    reads.clear()
    assert len(list(log.kept(store))) == 2
    assert len(reads) == 2


def test_it_is_bounded_and_what_is_gone_is_not_kept():
    cache, read = EntryCache(limit=10), list[str]()

    def ask(name: str, version: str = "1", data: bytes | None = b"1234") -> bytes:
        return cache.get(("root", name), version, lambda: read.append(name) or data)  # type: ignore[func-returns-value]

    assert ask("gone", data=None) == b""
    for name in ("a", "b", "a", "b", "c", "b", "c", "a", "big"):
        assert ask(name, data=bytes(20) if name == "big" else b"1234")
    assert read == ["gone", "a", "b", "c", "a", "big"]
    assert ask("a", version="2") == b"1234"
    assert read[-1] == "a"


def test_a_page_of_a_store_elsewhere_lists_and_reads_nothing_it_knows(monkeypatch: pytest.MonkeyPatch):
    url = f"memory://{uuid4().hex}"
    store = note(url, *"abcde")
    told(store)
    asked: list[str] = []
    for name in ("list", "read", "version"):
        monkeypatch.setattr(Remote, name, counted(getattr(Remote, name), name, asked))
    for _ in range(3):
        told(store)
    assert asked == ["list"] * 3
    remove(url)


def counted(true: Callable[[Remote, str], Any], name: str, asked: list[str]) -> Callable[[Remote, str], Any]:
    """The same, which notes that it was called."""

    def call(self: Remote, key: str) -> Any:
        asked.append(name)
        return true(self, key)

    return call
