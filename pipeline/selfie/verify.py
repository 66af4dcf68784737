"""Verifies many pairs of photographs in worker processes: bounded memory, one thread each, models loaded once.

The pool lives as long as this process, so that the shards of a wave that run one after another share it. What fails
here and is not a photograph is a SelfieSystemError: it is never booked as a failed selfie.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.domain.errors import GelombangError, SelfieSystemError
from pipeline.domain.settings import settings
from pipeline.runtime.processes import leave_with_parent
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import Measurement, PhotoPair, Verdict

if TYPE_CHECKING:
    from pipeline.selfie.measure import Measurer

__all__ = ["PhotoPair", "verify_pairs"]

#: A worker has one core: more threads would fight over it, and a thread count must not change a sum.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


def verify_pairs(
    pairs: Sequence[PhotoPair],
    *,
    selfies: Path,
    photos: Path,
    policy: SelfiePolicy,
    cache: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    reference_asked: bool = True,
) -> list[Verdict]:
    """One verdict a pair, in order. ``reference_asked``: a pair without a usable reference is `reference_missing`.

    Raises SelfieSystemError when workers die whatever they look at, and MissingModelError.
    """
    size = settings().selfie.batch
    batches = [tuple(pairs[i : i + size]) for i in range(0, len(pairs), size)]
    verdicts: list[Verdict] = []
    jobs = ((batch, selfies, photos, policy.model, cache) for batch in batches)
    for batch, measured in zip(batches, _in_order(jobs, max(1, workers)), strict=True):
        verdicts += [
            policy.verdict(m, reference_asked=reference_asked or bool(pair.reference))
            for pair, m in zip(batch, measured, strict=True)
        ]
        if progress:
            progress(len(verdicts), len(pairs))
    return verdicts


_DIED = (BrokenProcessPool, MemoryError)
Job = tuple[tuple[PhotoPair, ...], Path, Path, str, Path | None]


def _in_order(jobs: Iterator[Job], workers: int) -> Iterator[list[Measurement]]:
    """Results in the order of the jobs, with at most two batches a worker in flight."""
    waiting: deque[tuple[Job, Future[list[Measurement]]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, _submit(job, workers)))
            if len(waiting) >= 2 * workers:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())
    except GelombangError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as e:
        raise SelfieSystemError(f"The selfie stage failed: {type(e).__name__}: {e}") from e
    finally:
        for _, future in waiting:
            future.cancel()


def _submit(job: Job, workers: int) -> Future[list[Measurement]]:
    """Hands a batch in; where a worker has died since, to new ones."""
    with _main_left_alone():  # a worker is started when work is handed in and none is idle
        try:
            return _pool(workers).submit(_measure, job)
        except BrokenProcessPool:
            _pool.cache_clear()
            return _pool(workers).submit(_measure, job)


def _result(job: Job, future: Future[list[Measurement]]) -> list[Measurement]:
    """What a batch gave; where its worker died, its halves are tried until the photograph that did it is found."""
    try:
        return future.result()
    except _DIED:
        _pool.cache_clear()
    return _halved(job)


def _halved(job: Job) -> list[Measurement]:
    try:
        return _submit(job, 1).result()
    except _DIED:
        _pool.cache_clear()
    pairs, selfies, photos, model, kept = job

    def part(some: tuple[PhotoPair, ...]) -> Job:
        return some, selfies, photos, model, kept

    if len(pairs) > 1:
        middle = len(pairs) // 2
        return _halved(part(pairs[:middle])) + _halved(part(pairs[middle:]))
    try:
        _submit(part(()), 1).result()  # a worker that only loads its models
        [pair] = pairs
        if pair.reference is not None:  # the register's photograph may be the one: then the selfie is read without it
            return _halved(part((PhotoPair(pair.selfie, None),)))
    except _DIED as e:
        _pool.cache_clear()
        raise SelfieSystemError("Worker processes of the selfie stage die, whatever they look at.") from e
    return [Measurement(problem="selfie_unreadable", detail="a worker process died of it")]


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
    import tensorflow as tf

    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


@cache
def _measurer(model: str, kept: Path | None) -> Measurer:
    """A worker's models and its view of the cache, loaded once."""
    from pipeline.selfie.cache import MeasurementCache
    from pipeline.selfie.measure import Measurer
    from pipeline.selfie.recogniser import recogniser

    return Measurer(recogniser(model), settings().selfie, MeasurementCache(kept) if kept else None)


def _measure(job: Job) -> list[Measurement]:
    from pipeline.selfie.measure import Roots

    pairs, selfies, photos, model, kept = job
    return _measurer(model, kept).measure(pairs, Roots(selfies, photos))
