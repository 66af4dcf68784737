"""Reads changed files in processes with a limit on memory and time; a process that dies is a finding of its file.

Files that cost little are read together, as a delivery has many; where that raises, dies or is slow, each of them is
read again by itself, and what is told is told of that. A finding is kept as a file with its traceback beside it, and
is made again by its kind and number.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import signal
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.mutate import mutated

#: Reads files together; a word for each.
Read = Callable[[Sequence[bytes]], list[str]]
#: The unchanged files that a file of this number is made from.
Seeds = Callable[[int], Sequence[bytes]]
#: Files of one process: models are loaded once for many files, and what leaks shows.
PART = 1000


@dataclass(frozen=True)
class Kind:
    """What is changed, what reads it, and how many are read together."""

    name: str
    seeds: Seeds
    read: Read
    together: int = 1

    def content(self, number: int) -> bytes:
        """The changed file of a number."""
        return mutated(self.seeds(number), random.Random(f"{self.name} {number}"))


@dataclass(frozen=True)
class Limits:
    """What one file may cost: seconds of CPU, and megabytes of data of the process that reads it; ``waiting`` are the
    seconds that may pass, for one that sleeps: many more, for the machine may be busy."""

    seconds: int = 30
    megabytes: int = 4_000
    waiting: int = 900
    #: Files read together that take longer are read again one by one, to see which it is.
    together_seconds: float = 3.0


@dataclass(frozen=True)
class Finding:
    """What reading a file raised, or how its process ended."""

    number: int
    says: str
    content: bytes


@dataclass
class Result:
    """What became of the files of one kind. ``slowest`` of those read alone: CPU seconds and number; of those read
    together the seconds of the slowest of them. ``peak_mb``: resident memory."""

    kind: str
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    slowest_together: float = 0.0
    seconds: float = 0.0
    base_mb: float = 0.0
    peak_mb: float = 0.0

    def __str__(self) -> str:
        became = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        slowest, number = self.slowest
        alone = f", slowest {slowest:.2f} s (file {number})" if number >= 0 else ""
        together = f", slowest read together {self.slowest_together:.2f} s" if self.slowest_together else ""
        return (
            f"{self.kind}: {became}; {len(self.findings)} findings; {self.seconds:.0f} s of CPU"
            f"{alone}{together}; peak {self.peak_mb:.0f} MB ({self.base_mb:.0f} MB after the "
            "unchanged files)"
        )


def fuzz(kind: Kind, numbers: range, limits: Limits, told: Callable[[Result], None] = lambda _: None) -> Result:
    """Reads the files of these numbers, one part after another; ``told`` is what was found up to the end of each."""
    result = Result(kind.name)
    todo = deque((list(part), kind.together) for part in _parts(numbers, PART))
    while todo:
        part, together = todo.popleft()
        done = 0
        for line in _read_part(kind, part, together, limits):
            if not line.numbers:
                result.base_mb = max(result.base_mb, line.peak_mb)
                continue
            if line.ended and len(line.numbers) > 1:
                todo.appendleft((part[done + len(line.numbers) :], together))
                todo.appendleft((list(line.numbers), 1))
                part = []
                break
            done += len(line.numbers)
            _count(result, kind, line)
        if left := part[done:]:
            todo.appendleft((left, together))
        told(result)
    return result


@dataclass(frozen=True)
class Line:
    """What a process tells of the files that it read together; of all unchanged files it has no number.

    ``says``: the traceback of what was raised, or how the process ended (``ended``).
    """

    numbers: tuple[int, ...]
    seconds: float
    outcomes: list[str]
    says: str
    peak_mb: float
    ended: bool = False


def _count(result: Result, kind: Kind, line: Line) -> None:
    result.peak_mb = max(result.peak_mb, line.peak_mb)
    if len(line.numbers) == 1:
        result.slowest = max(result.slowest, (line.seconds, line.numbers[0]))
    else:
        result.slowest_together = max(result.slowest_together, line.seconds)
    result.seconds += line.seconds
    result.outcomes.update(line.outcomes)
    if line.says:
        result.findings.append(Finding(line.numbers[0], line.says, kind.content(line.numbers[0])))


def _parts(numbers: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    yield from (tuple(numbers[start : start + size]) for start in range(0, len(numbers), size))


def _read_part(kind: Kind, part: list[int], together: int, limits: Limits) -> Iterator[Line]:
    """A line for the files that were read together, up to those that ended the process."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, kind, part, together, limits))
    process.start()
    there.close()
    waiting = part
    told = False
    try:
        while waiting or not told:
            # The process ends itself at its limit of time; here is waited for longer than that.
            line = here.recv() if here.poll(limits.waiting * 2 + 60) else None
            if line is None:
                raise EOFError
            told = True
            yield line
            waiting = waiting[len(line.numbers) :]
    except EOFError:
        process.kill()
        process.join()
        ended = f"the process ended with {process.exitcode}"
        if not told:
            raise RuntimeError(f"{kind.name}: the unchanged files cannot be read: {ended}") from None
        # the files that were read one by one after they were slow together were told of one by one
        first = min(together, len(waiting)) if not _alone(part, waiting, together) else 1
        yield Line(tuple(waiting[:first]), 0.0, ["ended its process"], ended, 0.0, ended=True)
    finally:
        process.kill()
        process.join()


def _alone(part: list[int], waiting: list[int], together: int) -> bool:
    """Whether the process was in the middle of files that it read one by one."""
    return (len(part) - len(waiting)) % together != 0


def _work(out: Connection, kind: Kind, part: list[int], together: int, limits: Limits) -> None:
    for ends in (signal.SIGALRM, signal.SIGPROF):  # whatever library it is in
        signal.signal(ends, signal.SIG_DFL)
    signal.alarm(max(limits.waiting, 900))  # the unchanged files wait for imports and models
    for data in kind.seeds(0):
        kind.read([data])
    out.send(Line((), 0.0, [], "", _peak_mb()))
    most = limits.megabytes * 1_000_000  # the limit is for files, not for imports
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    for numbers in _parts(part, together):
        line = _read(kind, numbers, limits)
        if len(numbers) > 1 and (line.says or line.seconds > limits.together_seconds):
            for number in numbers:
                out.send(_read(kind, (number,), limits))
        else:
            out.send(line)


def _read(kind: Kind, numbers: tuple[int, ...], limits: Limits) -> Line:
    signal.alarm(limits.waiting)
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    content = [kind.content(number) for number in numbers]
    begun, says = time.process_time(), ""
    try:
        outcomes = kind.read(content)
        assert len(outcomes) == len(numbers)
    except BaseException:
        outcomes, says = ["raised"] * len(numbers), traceback.format_exc()
    seconds = time.process_time() - begun
    signal.alarm(0)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return Line(numbers, seconds, outcomes, says, _peak_mb())


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


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
