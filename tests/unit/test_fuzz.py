"""`make fuzz` finds what it is there to find: an error, a hang, a process that dies, memory; and does so again."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.fuzz.mutate import MUTATIONS, mutated
from tests.fuzz.run import Limits, content_of, fuzz, keep
from tests.fuzz.seeds import parquets, photographs, texts

SEEDS = (b"first seed, long enough to be changed" * 20, b"second" * 50)


def raises(data: bytes) -> str:
    if data not in SEEDS:
        raise ValueError("not as it was")
    return "read"


def hangs(data: bytes) -> str:
    if data not in SEEDS:
        time.sleep(60)
    return "read"


def dies(data: bytes) -> str:
    if data not in SEEDS:
        os.kill(os.getpid(), signal.SIGKILL)
    return "read"


def eats(data: bytes) -> str:
    if data not in SEEDS:
        bytearray(3_000_000_000)
    return "read"


@pytest.mark.parametrize(
    ("read", "says"),
    [(raises, "ValueError: not as it was"), (hangs, "ended with -14"), (dies, "ended with -9"), (eats, "MemoryError")],
)
def test_what_a_file_does_is_a_finding_and_the_files_after_it_are_read(read, says: str, tmp_path: Path) -> None:
    result = fuzz("kind", SEEDS, read, range(3), Limits(seconds=1, megabytes=1_000))
    assert [one.number for one in result.findings] == [0, 1, 2]
    assert all(says in one.says for one in result.findings)
    kept = keep(result, tmp_path)
    assert [path.read_bytes() for path in kept] == [content_of("kind", number, SEEDS) for number in range(3)]


def test_a_file_that_is_read_is_no_finding() -> None:
    result = fuzz("kind", SEEDS, lambda data: f"{len(data) > 9}", range(250), Limits())
    assert (result.findings, result.outcomes.total()) == ([], 250)
    assert result.peak_mb > 0


def test_the_same_number_is_the_same_file_and_another_is_another() -> None:
    made = [content_of("csv", number, texts()) for number in range(200)]
    assert made == [content_of("csv", number, texts()) for number in range(200)]
    assert len(set(made)) > 190
    assert made != [content_of("parquet", number, texts()) for number in range(200)]


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.__name__)
def test_every_change_changes(change) -> None:
    dice, seen = random.Random(1), set()
    for _ in range(20):
        data = bytearray(range(256)) * 4
        change(data, dice)
        seen.add(bytes(data))
    assert len(seen) > 10


def test_the_seeds_are_the_same_each_time_and_none_is_empty() -> None:
    for seeds in (photographs, texts, parquets):
        assert all(seeds())
        assert mutated(seeds(), random.Random(2)) == mutated(seeds(), random.Random(2))
