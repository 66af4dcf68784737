"""Reads changed files in processes with a limit on memory and time; a process that dies is a finding of its file.

A finding is kept as a file with its traceback beside it, and is made again by its kind and number.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.mutate import mutated

Read = Callable[[bytes], str]
#: Files of one process: models are loaded once for many files, and what leaks shows.
PART = 100


@dataclass(frozen=True)
class Limits:
    """What one file may cost: seconds, and megabytes of data of the process that reads it."""

    seconds: int = 30
    megabytes: int = 4_000


@dataclass(frozen=True)
class Finding:
    """What reading a file raised, or how its process ended."""

    number: int
    says: str
    content: bytes


@dataclass
class Result:
    """What became of the files of one kind; ``slowest`` is CPU seconds and number, ``peak_mb`` resident memory."""

    kind: str
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    base_mb: float = 0.0
    peak_mb: float = 0.0

    def __str__(self) -> str:
        became = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        slowest, number = self.slowest
        return (
            f"{self.kind}: {became}; {len(self.findings)} findings; slowest {slowest:.2f} s of CPU (file {number}); "
            f"peak {self.peak_mb:.0f} MB ({self.base_mb:.0f} MB after the unchanged files)"
        )


def content_of(kind: str, number: int, seeds: Sequence[bytes]) -> bytes:
    """The changed file of a number."""
    return mutated(seeds, random.Random(f"{kind} {number}"))


def fuzz(kind: str, seeds: Sequence[bytes], read: Read, numbers: range, limits: Limits) -> Result:
    """Reads the files of these numbers, one after another."""
    result, left = Result(kind), list(numbers)
    while left:
        part, left = left[:PART], left[PART:]
        done = 0
        for number, seconds, outcome, says, peak in _read_part(kind, seeds, read, part, limits):
            if number < 0:
                result.base_mb = max(result.base_mb, peak)
                continue
            done += 1
            result.peak_mb = max(result.peak_mb, peak)
            result.slowest = max(result.slowest, (seconds, number))
            result.outcomes[outcome] += 1
            if says:
                result.findings.append(Finding(number, says, content_of(kind, number, seeds)))
        left = part[done:] + left
    return result


Line = tuple[int, float, str, str, float]


def _read_part(kind: str, seeds: Sequence[bytes], read: Read, part: list[int], limits: Limits) -> Iterator[Line]:
    """A line for each file up to the first that ended its process; number −1 is all unchanged files."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, kind, seeds, read, part, limits))
    process.start()
    there.close()
    waiting = [-1, *part]
    try:
        while waiting:
            # The process ends itself at its limit of time; here is waited for longer than that.
            line = here.recv() if here.poll(limits.seconds * 2 + 150) else None
            if line is None:
                raise EOFError
            yield line
            waiting.pop(0)
    except EOFError:
        process.kill()
        process.join()
        ended = f"the process ended with {process.exitcode}"
        if waiting[0] < 0:
            raise RuntimeError(f"{kind}: the unchanged files cannot be read: {ended}") from None
        yield waiting[0], 0.0, "ended its process", ended, 0.0
    finally:
        process.kill()
        process.join()


def _work(out: Connection, kind: str, seeds: Sequence[bytes], read: Read, part: list[int], limits: Limits) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, whatever library it is in
    for number in (-1, *part):
        # The unchanged files wait for imports and models; what changed files cost is their own.
        signal.alarm(limits.seconds + (120 if number < 0 else 0))
        content = list(seeds) if number < 0 else [content_of(kind, number, seeds)]
        begun, outcome, says = time.process_time(), "", ""
        try:
            for data in content:
                outcome = read(data)
        except BaseException:
            outcome, says = "raised", traceback.format_exc()
            if number < 0:
                raise
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        signal.alarm(0)
        out.send((number, time.process_time() - begun, outcome, says, peak))
        if number < 0:  # the limit is for files, not for imports
            most = limits.megabytes * 1_000_000
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def keep(result: Result, folder: Path) -> list[Path]:
    """Writes each finding's file and what it says."""
    kept = []
    for one in result.findings:
        path = folder / f"{result.kind}-{one.number}"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.content)
        path.with_name(path.name + ".txt").write_text(one.says)
        kept.append(path)
    return kept
