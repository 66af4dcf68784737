"""What each task of a run cost: seconds, CPU seconds and memory of this process and its workers, disk below ``work/``.

A progress listener that passes everything on to another. Appends to a file of JSON lines that no output depends on: a
line when a task ends, and one in half a minute while it runs, so that a kill loses only the last of them.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from pipeline.runtime import progress

_LOOK_EVERY = 1.0  # seconds
_TELL_EVERY = 30.0
_MB = 1 << 20


@dataclass
class _Task:
    name: str
    begun: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=lambda: _cpu_seconds())
    peak: int = 0  # bytes, this process and all below it
    worker: int = 0  # bytes, the largest process below
    done: int = 0
    total: int = 0


class Recorder:
    """Listens to a run and writes what its tasks cost to ``path``."""

    def __init__(self, path: Path, disk: Path, inner: progress.Listener | None) -> None:
        self._path, self._disk, self._inner = path, disk, inner
        self._task: _Task | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="costs", daemon=True)

    def start(self) -> None:
        """Begins to look at memory."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()

    def started(self, task: str) -> None:
        """A task begins."""
        self._task = _Task(task)
        if self._inner:
            self._inner.started(task)

    def advanced(self, task: str, done: int, total: int) -> None:
        """A long task has done so many of so many."""
        if self._task:
            self._task.done, self._task.total = done, total
        if self._inner:
            self._inner.advanced(task, done, total)

    def finished(self, task: str, counts: dict[str, Any]) -> None:
        """A task is done: its line is written."""
        if self._task:
            self._look(self._task)
            self._tell(self._task, finished=True, disk_mb=round(_size(self._disk) / _MB), counts=counts)
        self._task = None
        if self._inner:
            self._inner.finished(task, counts)

    def failed(self, task: str, error: BaseException) -> None:
        """A task failed: what it cost is written all the same."""
        if self._task:
            self._tell(self._task, finished=False, error=type(error).__name__)
        self._task = None
        if self._inner:
            self._inner.failed(task, error)

    def _watch(self) -> None:
        written = time.monotonic()
        while not self._stop.wait(_LOOK_EVERY):
            task = self._task
            if task is None:
                continue
            rss = self._look(task)
            if time.monotonic() - written >= _TELL_EVERY:
                written = time.monotonic()
                self._tell(task, finished=False, rss_mb=[round(size / _MB) for size in rss])

    def _look(self, task: _Task) -> list[int]:
        rss = _memory()
        task.peak = max(task.peak, sum(rss))
        task.worker = max([task.worker, *rss[1:]])
        return rss

    def _tell(self, task: _Task, *, finished: bool, **more: Any) -> None:
        line = {
            "at": round(time.time()),
            "task": task.name,
            "finished": finished,
            "seconds": round(time.monotonic() - task.begun, 1),
            "cpu_seconds": round(_cpu_seconds() - task.cpu, 1),
            "peak_mb": round(task.peak / _MB),
            "worker_peak_mb": round(task.worker / _MB),
            **({"done": task.done, "of": task.total} if task.total else {}),
            **more,
        }
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:  # bookkeeping never fails a task
            file.write(json.dumps(line, default=str) + "\n")


@contextmanager
def recorded(path: Path, disk: Path, inner: progress.Listener | None = None) -> Iterator[None]:
    """Within the block, every task's costs are appended to ``path``; ``disk`` is the folder whose size is written."""
    recorder = Recorder(path, disk, inner)
    recorder.start()
    progress.listen(recorder)
    try:
        yield
    finally:
        progress.listen(None)
        recorder.stop()


def _tree() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def _memory() -> list[int]:
    """Resident bytes of this process, then of each below it."""
    found = []
    for process in _tree():
        with suppress(psutil.Error):
            found.append(process.memory_info().rss)
    return found


def _cpu_seconds() -> float:
    """CPU seconds so far of this process and of all below it, the ended ones too."""
    total = 0.0
    for process in _tree():
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _size(folder: Path) -> int:
    """Bytes of all files below a folder, as far as they stay: others write and remove there."""
    total = 0
    for base, _, names in os.walk(folder):  # leaves out what vanishes, where rglob would raise
        for name in names:
            with suppress(OSError):
                total += Path(base, name).lstat().st_size
    return total
