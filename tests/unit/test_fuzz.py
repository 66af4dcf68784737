"""`make fuzz` finds what it is there to find: an error, a hang, a process that dies, memory; and does so again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.settings import settings
from tests.fuzz.mutate import MUTATIONS, mutated
from tests.fuzz.run import Kind, Limits, fuzz, keep
from tests.fuzz.seeds import parquets, photographs, texts
from tests.fuzz.targets import KINDS, SETTINGS

SEEDS = (b"first seed, long enough to be changed" * 20, b"second" * 50)


def seeds(_number: int) -> tuple[bytes, ...]:
    return SEEDS


def reader(act: Callable[[bytes], object]) -> Callable[[Sequence[bytes]], list[str]]:
    """Reads files as ``act`` does, but for those that were not changed."""

    def read(content: Sequence[bytes]) -> list[str]:
        for data in content:
            if data not in SEEDS:
                act(data)
        return ["read"] * len(content)

    return read


def raises(_data: bytes) -> None:
    raise ValueError("not as it was")


def works(_data: bytes) -> None:
    while True:
        pass


ACTS = {
    "ValueError: not as it was": raises,
    "ended with -14": lambda _data: time.sleep(60),
    "ended with -27": works,
    "ended with -9": lambda _data: os.kill(os.getpid(), signal.SIGKILL),
    "MemoryError": lambda _data: bytearray(3_000_000_000),
}


def limits_for(says: str) -> Limits:
    """One second of CPU; who sleeps is not waited for long, whoever works on a busy machine is."""
    return Limits(seconds=1, megabytes=1_000, waiting=2 if says.endswith("-14") else 900)


@pytest.mark.parametrize("says", ACTS)
def test_what_a_file_does_is_a_finding_and_the_files_after_it_are_read(says: str, tmp_path: Path) -> None:
    kind = Kind("kind", seeds, reader(ACTS[says]))
    result = fuzz(kind, range(3), limits_for(says))
    assert [one.number for one in result.findings] == [0, 1, 2]
    assert all(says in one.says for one in result.findings)
    kept = keep(result, tmp_path)
    assert [path.read_bytes() for path in kept] == [kind.content(number) for number in range(3)]


@pytest.mark.parametrize("says", ACTS)
@pytest.mark.parametrize("bad", [(0,), (9,), (4, 5), (13,)])
def test_of_files_that_are_read_together_the_one_that_does_it_is_found(says: str, bad: tuple[int, ...]) -> None:
    kind = Kind("kind", seeds, reader(lambda _data: None), together=5)
    worst = {kind.content(number) for number in bad}
    kind = replace(kind, read=reader(lambda data: ACTS[says](data) if data in worst else None))
    result = fuzz(kind, range(14), limits_for(says))
    assert [one.number for one in result.findings] == list(bad)
    assert all(says in one.says for one in result.findings)
    assert result.outcomes.total() == 14
    assert result.outcomes["read"] == 14 - len(bad)


def test_of_files_that_are_slow_together_the_slowest_is_told() -> None:
    kind = Kind("kind", seeds, reader(lambda _data: None), together=5)
    slow = kind.content(7)

    def works_once(data: bytes) -> None:
        until = time.process_time() + (0.4 if data == slow else 0)
        while time.process_time() < until:
            pass

    result = fuzz(replace(kind, read=reader(works_once)), range(10), Limits(together_seconds=0.2))
    assert (result.findings, result.slowest[1], result.outcomes.total()) == ([], 7, 10)
    assert result.slowest[0] >= 0.4
    assert result.slowest_together < 0.2


def test_a_file_that_is_read_is_no_finding() -> None:
    kind = Kind("kind", seeds, reader(lambda _data: None))
    result = fuzz(kind, range(1_250), Limits())  # in two processes
    assert (result.findings, result.outcomes.total()) == ([], 1_250)
    assert result.peak_mb > 0


def test_the_same_number_is_the_same_file_and_another_is_another() -> None:
    made = [KINDS["csv"].content(number) for number in range(200)]
    assert made == [KINDS["csv"].content(number) for number in range(200)]
    assert len(set(made)) > 190
    assert made != [KINDS["parquet"].content(number) for number in range(200)]


def test_changed_files_are_read_together_as_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    for name in ("csv", "parquet"):
        kind = KINDS[name]
        content = [kind.content(number) for number in range(12)]
        assert kind.read(content) == [word for data in content for word in kind.read([data])]
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.__name__)
def test_every_change_changes(change) -> None:
    dice, seen = random.Random(1), set()
    for _ in range(20):
        data = bytearray(range(256)) * 4
        change(data, dice)
        seen.add(bytes(data))
    assert len(seen) > 10


def test_the_seeds_are_the_same_each_time_and_none_is_empty() -> None:
    for made in (photographs, texts, parquets):
        assert all(made())
        assert mutated(made(), random.Random(2)) == mutated(made(), random.Random(2))
