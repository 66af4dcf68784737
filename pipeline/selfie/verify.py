"""Verifies many pairs of photographs in worker processes.

What fails here and is not a photograph is a SelfieSystemError: it is never booked as a failed selfie. A photograph that
ends its worker is found, and is unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.domain.errors import SelfieSystemError
from pipeline.domain.settings import PhotoLimits, settings
from pipeline.selfie.one_against_all.prints import PrintFolder
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import Measurement, PhotoPair, Verdict
from pipeline.selfie.worker_pool import WorkerDiedError, alone, in_order

if TYPE_CHECKING:
    from pipeline.selfie.measure import Measurer

__all__ = ["PhotoPair", "verify_pairs"]

R = TypeVar("R")
Job = tuple[tuple[PhotoPair, ...], Path, Path, str, Path | None, PrintFolder | None, PhotoLimits]


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

    Raises SelfieSystemError when workers die whatever they look at, and MissingModelError.
    """
    size = settings().selfie.batch
    batches = [tuple(pairs[i : i + size]) for i in range(0, len(pairs), size)]
    verdicts: list[Verdict] = []
    limits = limits or settings().selfie.limits()
    jobs = ((batch, selfies, photos, policy.model, cache, prints, limits) for batch in batches)
    for batch, measured in zip(batches, in_order(_measure, jobs, max(1, workers), _halved), strict=True):
        verdicts += [
            policy.verdict(m, reference_asked=reference_asked or bool(pair.reference))
            for pair, m in zip(batch, measured, strict=True)
        ]
        if progress:
            progress(len(verdicts), len(pairs))
    return verdicts


def _halved(job: Job) -> list[Measurement]:
    """What a batch gives whose worker died: the photograph that did it is unreadable."""
    return halved(_measure, job, Measurement(problem="selfie_unreadable", detail="a worker process died of it"))


def halved(work: Callable[[Any], list[R]], job: tuple[Any, ...], deadly: R) -> list[R]:
    """What each pair of a batch gives whose worker died: halves are tried until the photograph that did it is found.

    The job's first part is the batch's pairs. ``deadly`` is what the pair gives whose selfie ends every worker. Raises
    SelfieSystemError when workers die whatever they look at.
    """
    try:
        return alone(work, job)
    except WorkerDiedError:
        pairs, *rest = job
    if len(pairs) > 1:
        middle = len(pairs) // 2
        return halved(work, (pairs[:middle], *rest), deadly) + halved(work, (pairs[middle:], *rest), deadly)
    try:
        alone(work, ((), *rest))  # a worker that only loads its models
    except WorkerDiedError as e:
        raise SelfieSystemError("Worker processes of the selfie stage die, whatever they look at.") from e
    [pair] = pairs
    if pair.reference is not None:  # the register's photograph may be the one: then the selfie is read without it
        return halved(work, ((PhotoPair(pair.selfie, None),), *rest), deadly)
    return [deadly]


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
