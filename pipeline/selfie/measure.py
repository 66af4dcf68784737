"""Looks at pairs of photographs in batches, one process, one thread: decode, find, align, embed, score.

Reads photographs below two roots and nothing else. A photograph never raises here: what is wrong with it is its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import SelfieSettings
from pipeline.selfie import cache
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode, read_below
from pipeline.selfie.defects.defect_scores import Face, Scores, coverings, look, worth_asking
from pipeline.selfie.detection.face_finder import find_turned
from pipeline.selfie.networks import efficientnet
from pipeline.selfie.recogniser import Recogniser, distance
from pipeline.selfie.verdict import Measurement, PhotoPair

#: A covering is seen on the reference when its own score reaches this; the selfie's covering is then no defect.
_COVERED = 0.75


@dataclass
class _Seen:
    """One photograph after a look: its problem, or its face and what was then found on it (``scores`` of a selfie,
    ``covering`` of a reference that was asked for it)."""

    problem: str | None = None
    detail: str = ""
    faces: int = 0
    chip: NDArray[np.uint8] | None = None
    face: Face | None = None
    embedding: NDArray[np.float32] | None = None
    scores: Scores | None = None
    covering: float | None = None
    turned: bool = False


@dataclass(frozen=True)
class Roots:
    """Folders that paths are relative to."""

    selfies: Path
    photos: Path


class Measurer:
    """Everything that is loaded once per process."""

    def __init__(self, recogniser: Recogniser, settings: SelfieSettings, kept: cache.MeasurementCache | None) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._limits = f"{settings.max_pixels}/{settings.detect_side}"
        self._kept = kept
        efficientnet.network()  # before the detectors: what graphs take for a moment does not come on top of them

    def measure(self, pairs: Sequence[PhotoPair], roots: Roots) -> list[Measurement]:
        """One measurement a pair, in order; pairs measured before are not looked at again."""
        if self._kept:
            self._kept.refresh()
        results: list[Measurement | None] = [None] * len(pairs)
        files: dict[tuple[Path, str | None], bytes | Exception] = {}
        todo: list[tuple[int, str]] = []
        for i, pair in enumerate(pairs):
            selfie = self._file(files, roots.selfies, pair.selfie)
            if isinstance(selfie, Exception):
                results[i] = _without_file(selfie)
                continue
            reference = self._file(files, roots.photos, pair.reference)
            other = None if isinstance(reference, Exception) else reference
            known = cache.key(selfie, other, self._recogniser.name, self._limits)
            results[i] = self._kept.get(known) if self._kept else None
            if results[i] is None:
                todo.append((i, known))
        measured = self._look([pairs[i] for i, _ in todo], roots, files)
        for (i, _), measurement in zip(todo, measured, strict=True):
            results[i] = measurement
        if self._kept:
            self._kept.put({known: m for (_, known), m in zip(todo, measured, strict=True)})
        return [m for m in results if m is not None]

    def _file(self, files: dict[Any, bytes | Exception], root: Path, name: str | None) -> bytes | Exception:
        if (root, name) not in files:
            try:
                files[root, name] = read_below(root, name, self._settings.max_bytes)
            except (PhotoMissingError, PhotoUnreadableError) as e:
                files[root, name] = e
        return files[root, name]

    def _look(self, pairs: list[PhotoPair], roots: Roots, files: dict[Any, bytes | Exception]) -> list[Measurement]:
        seen: dict[tuple[str, bytes], _Seen] = {}
        looks: list[tuple[_Seen, _Seen | None]] = []
        for pair in pairs:
            selfie = files[roots.selfies, pair.selfie]
            reference = self._file(files, roots.photos, pair.reference)
            assert isinstance(selfie, bytes)
            one = self._once(seen, "selfie", selfie)
            other = self._once(seen, "reference", reference) if isinstance(reference, bytes) else None
            looks.append((one, other))
        faces = [photo for photo in seen.values() if photo.chip is not None]
        if faces:
            vectors = self._recogniser.embed(np.stack([photo.chip for photo in faces if photo.chip is not None]))
            for photo, vector in zip(faces, vectors, strict=True):
                photo.embedding = vector
        _score(looks)
        return [_measurement(one, other) for one, other in looks]

    def _once(self, seen: dict[tuple[str, bytes], _Seen], role: str, data: bytes) -> _Seen:
        if (role, data) not in seen:
            seen[role, data] = self._one(data)
        return seen[role, data]

    def _one(self, data: bytes) -> _Seen:
        try:
            photo = decode(data, self._settings.max_pixels, self._settings.detect_side, self._settings.max_full_pixels)
        except PhotoUnreadableError as e:
            return _Seen("selfie_unreadable", str(e))
        pixels, found = find_turned(photo.pixels)
        if found.main is None or found.mesh is None:
            return _Seen("no_face", faces=found.count)
        problem = "several_faces" if found.several else None
        chip = self._recogniser.cut(pixels, found.mesh.points)
        return _Seen(problem, "", found.count, chip, face=(pixels, found.mesh), turned=found.turned)


def _without_file(error: Exception) -> Measurement:
    problem = "selfie_missing" if isinstance(error, PhotoMissingError) else "selfie_unreadable"
    return Measurement(problem=problem, detail=str(error))


def _score(looks: list[tuple[_Seen, _Seen | None]]) -> None:
    """Scores the selfies, and asks those references for a covering where it matters."""
    selfies = list({id(one): one for one, _ in looks if one.face is not None}.values())
    for photo, scores in zip(selfies, look([one.face for one in selfies if one.face]), strict=True):
        photo.scores = scores
    asked = {id(other): other for one, other in looks if other and other.face and worth_asking(one.scores)}.values()
    for photo, covering in zip(asked, coverings([other.face for other in asked if other.face]), strict=True):
        photo.covering = covering


def _measurement(one: _Seen, other: _Seen | None) -> Measurement:
    """What a pair gave; numbers are rounded so that a file of them is small and the same everywhere."""
    usable = other is not None and other.embedding is not None and other.problem in (None, "several_faces")
    apart: float | None = None
    if one.embedding is not None and other is not None and other.embedding is not None:
        apart = round(distance(one.embedding, other.embedding), 4)
    scores = one.scores
    if scores is None:
        return Measurement(problem=one.problem, faces=one.faces, reference_seen=usable, detail=one.detail)
    return Measurement(
        problem=one.problem,
        distance=apart,
        faces=one.faces,
        reference_seen=usable,
        same_covering=worth_asking(scores) and other is not None and (other.covering or 0) >= _COVERED,
        blur=_rounded(scores.blur),
        glasses=_rounded(scores.glasses),
        ears_hidden=_rounded(scores.ears_hidden),
        tilted=1.0 if one.turned else _rounded(scores.tilted),
        dark=_rounded(scores.dark),
        hat=_rounded(scores.hat),
        roll=_rounded(scores.roll, 1),
        yaw=_rounded(scores.yaw, 1),
        pitch=_rounded(scores.pitch, 1),
        detail=one.detail,
    )


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)
