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
from typing import TYPE_CHECKING, TypeVar

from pipeline.domain.errors import GelombangError, SelfieSystemError
from pipeline.domain.settings import PhotoLimits, settings
from pipeline.runtime.processes import leave_with_parent
from pipeline.selfie.one_against_all.prints import PrintFolder
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import Measurement, PhotoPair, Verdict

if TYPE_CHECKING:
    from pipeline.selfie.measure import Measurer

__all__ = ["PhotoPair", "verify_pairs"]

#: A worker has one core: more threads would fight over it, and a thread count must not change a sum. OpenVINO and
#: OpenCV are told in code. TensorFlow's part is for other DeepFace models; our own networks do not load it.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
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
    prints: PrintFolder | None = None,
    limits: PhotoLimits | None = None,
) -> list[Verdict]:
    """One verdict a pair, in order. ``reference_asked``: a pair without a usable reference is `reference_missing`.
    ``limits``: what a run was planned with; None: the settings of this process.

    ``prints``: where the workers write what is compared one against all; None: nowhere.

    Raises SelfieSystemError when a worker dies, and MissingModelError.
    """
    size = settings().selfie.batch
    batches = [tuple(pairs[i : i + size]) for i in range(0, len(pairs), size)]
    verdicts: list[Verdict] = []
    limits = limits or settings().selfie.limits()
    jobs = ((batch, selfies, photos, policy.model, cache, prints, limits) for batch in batches)
    for batch, measured in zip(batches, in_order(_measure, jobs, max(1, workers)), strict=True):
        verdicts += [
            policy.verdict(m, reference_asked=reference_asked or bool(pair.reference))
            for pair, m in zip(batch, measured, strict=True)
        ]
        if progress:
            progress(len(verdicts), len(pairs))
    return verdicts


Job = tuple[tuple[PhotoPair, ...], Path, Path, str, Path | None, PrintFolder | None, PhotoLimits]
J = TypeVar("J")
R = TypeVar("R")


def in_order(work: Callable[[J], R], jobs: Iterator[J], workers: int) -> Iterator[R]:
    """``work`` on each job in the worker processes: results in order, at most two batches a worker in flight."""
    waiting: deque[Future[R]] = deque()
    try:
        pool = _pool(workers)
        for job in jobs:
            with _main_left_alone():  # a worker is started when work is handed in and none is idle
                waiting.append(pool.submit(work, job))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as e:
        _pool.cache_clear()
        raise SelfieSystemError("A worker process of the selfie stage died.") from e
    except GelombangError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as e:
        raise SelfieSystemError(f"The selfie stage failed: {type(e).__name__}: {e}") from e
    finally:
        for future in waiting:
            future.cancel()


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


@cache
def _measurer(model: str, kept: Path | None, prints: PrintFolder | None, limits: PhotoLimits) -> Measurer:
    """A worker's models, its view of the cache and its file of prints, loaded once."""
    from pipeline.selfie.cache import MeasurementCache
    from pipeline.selfie.measure import Measurer
    from pipeline.selfie.recogniser import recogniser

    log = prints.log_of_this_process(model) if prints else None
    return Measurer(recogniser(model), limits, MeasurementCache(kept) if kept else None, log)


def _measure(job: Job) -> list[Measurement]:
    from pipeline.selfie.measure import Roots

    pairs, selfies, photos, model, kept, prints, limits = job
    return _measurer(model, kept, prints, limits).measure(pairs, Roots(selfies, photos))
