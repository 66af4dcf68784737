"""The waves' keys of a root in a store are asked for once where nothing is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.settings import settings
from pipeline.storage.object_store import Remote
from pipeline.storage.paths import Store
from tests.stores import memory_store, own_machine


@pytest.fixture
def url() -> Iterator[str]:
    with memory_store() as name:
        yield name


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with own_machine(tmp_path) as patch:
        yield patch


@pytest.mark.parametrize(("on", "asked"), [("false", 1), ("true", 4)])
def test_keys_are_asked_for_once_where_nobody_makes_any(machine: pytest.MonkeyPatch, url: str, on: str, asked: int):
    machine.setenv("GELOMBANG_ENCRYPTION__AT_REST", on)
    settings.cache_clear()
    lists: list[str] = []
    true = Remote.list

    def listed(self: Remote, prefix: str) -> dict[str, str]:
        lists.append(prefix)
        return true(self, prefix)

    machine.setattr(Remote, "list", listed)
    for prefix in ("waves/", "published/"):
        Store.at(url).pull(prefix)
        Store.at(url).pull(prefix)
    assert lists.count("keys/") == asked
    assert lists.count("waves/") == lists.count("published/") == 2
