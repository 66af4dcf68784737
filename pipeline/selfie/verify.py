"""Verifies many pairs of photographs in worker processes.

What fails here and is not a photograph is a SelfieSystemError: it is never booked as a failed selfie. A photograph that
ends its worker is found, and is unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.domain.errors import SelfieSystemError
from pipeline.domain.settings import PhotoLimits, settings
from pipeline.selfie.cache import MeasurementCache, VerdictFolder
from pipeline.selfie.one_against_all.prints import PrintFolder
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import Measurement, PhotoPair, Verdict
from pipeline.selfie.worker_pool import WorkerDiedError, alone, in_order

if TYPE_CHECKING:
    from pipeline.selfie.measure import Measurer

__all__ = ["PhotoPair", "verify_pairs"]

R = TypeVar("R")
Job = tuple[tuple[PhotoPair, ...], Path, Path, str, VerdictFolder | None, PrintFolder | None, PhotoLimits, bool]


@dataclass(frozen=True)
class _Looked:
    """What was measured of a pair; ``refused``: kept lines that its batch found and that this installation did not
    write."""

    measurement: Measurement
    refused: tuple[str, ...] = ()


def verify_pairs(
    pairs: Sequence[PhotoPair],
    *,
    selfies: Path,
    photos: Path,
    policy: SelfiePolicy,
    cache: VerdictFolder | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    refused: set[str] | None = None,
    reference_asked: bool = True,
    prints: PrintFolder | None = None,
    limits: PhotoLimits | None = None,
    cards: bool = False,
) -> list[Verdict]:
    """One verdict a pair, in order. ``reference_asked``: a pair without a usable reference is `reference_missing`.
    ``limits``: what a run was planned with; None: the settings of this process. ``cards``: identity cards in selfies
    are looked for, and compared with the pairs' numbers.

    ``prints``: where the workers write what is compared one against all; None: nowhere. ``refused`` takes up the kept
    lines that were altered or forged; their photographs were measured again.

    Raises SelfieSystemError when workers die whatever they look at, and MissingModelError.
    """
    size = settings().selfie.batch
    batches = [tuple(pairs[i : i + size]) for i in range(0, len(pairs), size)]
    verdicts: list[Verdict] = []
    limits = limits or settings().selfie.limits()
    jobs = ((batch, selfies, photos, policy.model, cache, prints, limits, cards) for batch in batches)
    for batch, looked in zip(batches, in_order(_measure, jobs, max(1, workers), _halved), strict=True):
        verdicts += [
            policy.verdict(one.measurement, reference_asked=reference_asked or bool(pair.reference))
            for pair, one in zip(batch, looked, strict=True)
        ]
        if refused is not None:
            refused.update(*(one.refused for one in looked))
        if progress:
            progress(len(verdicts), len(pairs))
    return verdicts


def _halved(job: Job) -> list[_Looked]:
    """What a batch gives whose worker died: the photograph that did it is unreadable."""
    deadly = Measurement(problem="selfie_unreadable", detail="a worker process died of it")
    return halved(_measure, job, _Looked(deadly))


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
        return halved(work, ((replace(pair, reference=None),), *rest), deadly)
    return [deadly]


@cache
def _kept(folder: VerdictFolder | None) -> MeasurementCache | None:
    """A worker's view of the cache."""
    return folder.opened() if folder else None


@cache
def _measurer(
    model: str, folder: VerdictFolder | None, prints: PrintFolder | None, limits: PhotoLimits, *, cards: bool = False
) -> Measurer:
    """A worker's models, its view of the cache and its file of prints, loaded once."""
    from pipeline.selfie.measure import Measurer
    from pipeline.selfie.recogniser import recogniser

    log = prints.log_of_this_process(model) if prints else None
    return Measurer(recogniser(model), limits, _kept(folder), log, cards=cards)


def _measure(job: Job) -> list[_Looked]:
    from pipeline.selfie.measure import Roots

    pairs, selfies, photos, model, folder, prints, limits, cards = job
    measured = _measurer(model, folder, prints, limits, cards=cards).measure(pairs, Roots(selfies, photos))
    kept = _kept(folder)
    refused = kept.refused() if kept else ()
    return [_Looked(m, refused) for m in measured]
