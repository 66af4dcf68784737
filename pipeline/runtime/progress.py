"""How a long task reports its progress: to the task's log, and to the terminal of `gelombang run` when there is one.

A program that shows progress sets a listener; without one, lines go to the log only. No rows, no names, no NIK.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pipeline.runtime.disk import disk_errors

log = logging.getLogger("gelombang")
_EVERY_SECONDS = 10.0


class Listener(Protocol):
    """Is called with what the tasks of a wave do, in their order."""

    def started(self, task: str) -> None: ...
    def advanced(self, task: str, done: int, total: int) -> None: ...
    def finished(self, task: str, counts: dict[str, Any]) -> None: ...
    def failed(self, task: str, error: BaseException) -> None: ...


_listener: Listener | None = None
#: The error that the listener was told last.
_told: BaseException | None = None


def listen(listener: Listener | None) -> None:
    """Sets the listener of this process, or removes it (None)."""
    global _listener
    _listener = listener


@contextmanager
def task(name: str) -> Iterator[dict[str, Any]]:
    """Frames one task; what the block puts into the yielded dict (counts) is logged and shown at its end.

    Raises DiskFullError or StoreError for what a disk refuses.
    """
    counts: dict[str, Any] = {}
    begun = time.monotonic()
    if _listener:
        _listener.started(name)
    try:
        with disk_errors(name):
            yield counts
    except BaseException as e:
        failed(name, e)
        raise
    log.info("%s: done in %.1f s %s", name, time.monotonic() - begun, counts)
    if _listener:
        _listener.finished(name, counts)


def failed(name: str, error: BaseException) -> None:
    """Tells the listener that a task failed, also one that had not begun to count; the same error only once."""
    global _told
    if _listener and error is not _told:
        _listener.failed(name, error)
    _told = error


def reporter(name: str) -> Callable[[int, int], None]:
    """A callback ``(done, total)`` for a long loop. The listener gets every call; the log gets one in ten seconds."""
    logged = 0.0

    def report(done: int, total: int) -> None:
        nonlocal logged
        if _listener:
            _listener.advanced(name, done, total)
        now = time.monotonic()
        if now - logged >= _EVERY_SECONDS or done == total:
            logged = now
            log.info("%s: %d of %d", name, done, total)

    return report
