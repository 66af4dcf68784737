"""Worker processes of the selfie stage: bounded work in flight, one thread each, models loaded once.

The pool lives as long as this process, so that the shards of a wave that run one after another share it. A worker that
dies is replaced; the caller that handed the batch in decides what its batch then gives.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from types import ModuleType
from typing import TypeVar

from pipeline.domain.errors import GelombangError, SelfieSystemError
from pipeline.runtime.processes import leave_with_parent

#: A worker has one core: more threads would fight over it, and a thread count must not change a sum. OpenVINO and
#: OpenCV are set in code. TensorFlow's part is for other DeepFace models; our own networks do not load it.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


J = TypeVar("J")
R = TypeVar("R")


class WorkerDiedError(Exception):
    """A worker process ended, or its memory did, before the job was done."""


def in_order(
    work: Callable[[J], R], jobs: Iterator[J], workers: int, after_death: Callable[[J], R] | None = None
) -> Iterator[R]:
    """``work`` on each job in the worker processes: results in order, at most two jobs a worker in flight.

    ``after_death``: what a job gives whose worker died; None: SelfieSystemError.
    """
    waiting: deque[tuple[J, Future[R]]] = deque()

    def result() -> R:
        job, future = waiting.popleft()
        try:
            return _wait(future)
        except WorkerDiedError as e:
            if after_death is None:
                raise SelfieSystemError("A worker process of the selfie stage died.") from e
            return after_death(job)

    try:
        for job in jobs:
            waiting.append((job, _submit(work, job, workers)))
            if len(waiting) >= 2 * workers:
                yield result()
        while waiting:
            yield result()
    except GelombangError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as e:
        raise SelfieSystemError(f"The selfie stage failed: {type(e).__name__}: {e}") from e
    finally:
        for _, future in waiting:
            future.cancel()


def alone(work: Callable[[J], R], job: J) -> R:
    """``work`` on one job in a worker that has nothing else to do. WorkerDiedError where the worker ends of it."""
    return _wait(_submit(work, job, 1))


def _submit(work: Callable[[J], R], job: J, workers: int) -> Future[R]:
    """Hands a job in; where a worker has died since, to new ones."""
    with _main_left_alone():  # a worker is started when work is handed in and none is idle
        try:
            return _pool(workers).submit(work, job)
        except BrokenProcessPool:
            _pool.cache_clear()
            return _pool(workers).submit(work, job)


def _wait(future: Future[R]) -> R:
    try:
        return future.result()
    except (BrokenProcessPool, MemoryError) as e:
        _pool.cache_clear()
        raise WorkerDiedError from e


@cache
def _pool(workers: int) -> ProcessPoolExecutor:
    """The processes; started once, with one thread each."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin)
    atexit.register(pool.shutdown, cancel_futures=True)
    return pool


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """A spawned worker imports its parent's main module first. Under Airflow that is the task runner, which cannot be
    imported without Airflow's database; no worker needs it. And under Celery this process is one of its own kind: a
    daemon, which may not start processes (ours end with it, see ``_pool``), with a key that cannot be handed on."""
    main, marks = sys.modules["__main__"], getattr(multiprocessing.current_process(), "_config", {})
    before = dict(marks)
    sys.modules["__main__"] = ModuleType("__main__")
    marks.pop("daemon", None)
    marks["authkey"] = AuthenticationString(bytes(multiprocessing.current_process().authkey))
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        marks.clear()
        marks.update(before)


def _begin() -> None:
    """First thing in a worker: one thread for everything, and none left behind."""
    leave_with_parent()
    os.environ.update(ONE_THREAD)
    import cv2

    cv2.setNumThreads(1)
