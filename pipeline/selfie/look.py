"""Looks at photographs only to compare them with all others: decode, find the face, describe it. No defect is scored.

Runs in the selfie stage's worker processes, for `compare-all` and for selfies whose verdict was known and whose print
was not. A photograph never raises here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import PhotoLimits, settings
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode_within, read_below
from pipeline.selfie.one_against_all.copies import picture_hash
from pipeline.selfie.one_against_all.prints import Look, Print
from pipeline.selfie.verdict import PhotoPair
from pipeline.selfie.verify import halved
from pipeline.selfie.worker_pool import in_order

Job = tuple[tuple[PhotoPair, ...], Path, Path, str, PhotoLimits]


def prints_of(
    pairs: Sequence[PhotoPair],
    *,
    selfies: Path,
    photos: Path,
    model: str,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    limits: PhotoLimits | None = None,
) -> Iterator[list[Print | None]]:
    """Prints of pairs, batch by batch and in order; None for a selfie that is no picture. ``limits``: what a run was
    planned with; None: the settings of this process.

    Raises SelfieSystemError when workers die whatever they look at, and MissingModelError.
    """
    size, done = settings().selfie.batch, 0
    limits = limits or settings().selfie.limits()
    batches = [tuple(pairs[i : i + size]) for i in range(0, len(pairs), size)]
    jobs = ((batch, selfies, photos, model, limits) for batch in batches)
    for prints in in_order(_look, jobs, max(1, workers), _halved):
        done += len(prints)
        if progress:
            progress(done, len(pairs))
        yield prints


def _halved(job: Job) -> list[Print | None]:
    """The result of a batch whose worker died: the photograph that caused it has no print."""
    return halved(_look, job, None)


def _look(job: Job) -> list[Print | None]:
    """One batch, in a worker."""
    from pipeline.selfie.detection.face_finder import find_turned
    from pipeline.selfie.recogniser import Face, recogniser

    pairs, selfies, photos, model, limits = job
    pictures: dict[bytes, NDArray[np.uint64]] = {}
    faces: dict[bytes, Face] = {}

    def one(root: Path, name: str | None) -> bytes | None:
        digest = None
        try:
            data = read_below(root, name, limits.max_bytes)
            digest = hashlib.sha256(data).digest()
            if digest not in pictures:
                pixels = decode_within(data, limits).pixels
                pictures[digest] = picture_hash(pixels)
                pixels, found = find_turned(pixels)
                if found.mesh is not None:
                    faces[digest] = (pixels, found.mesh)
        except (PhotoMissingError, PhotoUnreadableError):
            pass  # its quality is judged by the verdict
        return digest

    seen = [(one(selfies, pair.selfie), one(photos, pair.reference)) for pair in pairs]
    described = dict(zip(faces, recogniser(model).describe(list(faces.values())), strict=True)) if faces else {}
    looks = {digest: Look(digest, picture, described.get(digest)) for digest, picture in pictures.items()}
    return [Print.of(looks[a], looks.get(b) if b else None, b) if a in looks else None for a, b in seen]
