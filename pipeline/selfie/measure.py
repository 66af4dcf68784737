"""Looks at pairs of photographs in batches, one process, one thread: decode, find, align, embed, score.

Reads photographs below two roots and nothing else. A photograph never raises here: what is wrong with it is its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.domain.settings import PhotoLimits, SelfieSettings
from pipeline.selfie import cache
from pipeline.selfie.card.card_check import CardResult, compared, is_number
from pipeline.selfie.card.card_portrait import Three, farther_of_two
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, read_below
from pipeline.selfie.defects.defect_scores import coverings, look, worth_asking
from pipeline.selfie.networks import efficientnet
from pipeline.selfie.one_against_all.prints import Look, Print, PrintLog
from pipeline.selfie.one_photograph import SeenPhoto, look_at
from pipeline.selfie.recogniser import Described, Recogniser
from pipeline.selfie.verdict import Measurement, PhotoPair

#: A covering is seen on the reference when its own score reaches this; the selfie's covering is then no defect.
_COVERED = 0.75


@dataclass(frozen=True)
class _File:
    """A file's bytes and their SHA-256."""

    data: bytes
    digest: bytes


@dataclass(frozen=True)
class Roots:
    """Folders that paths are relative to."""

    selfies: Path
    photos: Path


_Files = dict[tuple[Path, str | None], _File | Exception]


class Measurer:
    """Everything that is loaded once per process."""

    def __init__(
        self,
        recogniser: Recogniser,
        settings: PhotoLimits | SelfieSettings,
        kept: cache.MeasurementCache | None,
        prints: PrintLog | None = None,
        *,
        cards: bool = False,
    ) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._limits = cache.limits_text(*(getattr(settings, name) for name in cache.LIMITS))
        self._kept = kept
        self._prints = prints
        self._cards = cards
        efficientnet.network()  # before the detectors: what graphs take for a moment does not come on top of them

    def measure(self, pairs: Sequence[PhotoPair], roots: Roots) -> list[Measurement]:
        """One measurement a pair, in order; pairs measured before are not looked at again."""
        if self._kept:
            self._kept.refresh()
        results: list[Measurement | None] = [None] * len(pairs)
        files: _Files = {}
        todo: list[tuple[int, str]] = []
        for i, pair in enumerate(pairs):
            selfie = self._file(files, roots.selfies, pair.selfie)
            if isinstance(selfie, Exception):
                results[i] = _without_file(selfie)
                continue
            reference = self._file(files, roots.photos, pair.reference)
            other = None if isinstance(reference, Exception) else reference.digest
            limits = cache.with_card(self._limits, pair.nik) if self._cards else self._limits
            known = cache.key(selfie.digest, other, self._recogniser.name, limits)
            results[i] = self._kept.get(known) if self._kept else None
            if results[i] is None:
                todo.append((i, known))
        measured = self._look([pairs[i] for i, _ in todo], roots, files)
        for (i, _), measurement in zip(todo, measured, strict=True):
            results[i] = measurement
        if self._kept:
            self._kept.put({known: m for (_, known), m in zip(todo, measured, strict=True)})
        return [
            replace(
                m,
                selfie_sha256=_hex(files.get((roots.selfies, pair.selfie))),
                reference_sha256=_hex(files.get((roots.photos, pair.reference))),
            )
            for pair, m in zip(pairs, results, strict=True)
            if m is not None
        ]

    def _file(self, files: _Files, root: Path, name: str | None) -> _File | Exception:
        if (root, name) not in files:
            try:
                data = read_below(root, name, self._settings.max_bytes)
                files[root, name] = _File(data, hashlib.sha256(data).digest())
            except (PhotoMissingError, PhotoUnreadableError) as e:
                files[root, name] = e
        return files[root, name]

    def _look(self, pairs: list[PhotoPair], roots: Roots, files: _Files) -> list[Measurement]:
        seen: dict[tuple[str, bytes], SeenPhoto] = {}
        looks: list[tuple[SeenPhoto, SeenPhoto | None]] = []
        numbered = {_digest(files[roots.selfies, pair.selfie]) for pair in pairs if self._cards and is_number(pair.nik)}
        for pair in pairs:
            selfie = files[roots.selfies, pair.selfie]
            reference = self._file(files, roots.photos, pair.reference)
            assert isinstance(selfie, _File)
            one = self._once(seen, "selfie", selfie, numbered)
            other = self._once(seen, "reference", reference) if isinstance(reference, _File) else None
            looks.append((one, other))
        faces = {id(photo): photo.face for photo in seen.values() if photo.face is not None}
        if faces:
            descriptors = dict(zip(faces, self._recogniser.describe(list(faces.values())), strict=True))
            for photo in seen.values():
                if photo.face is not None:
                    photo.described = Described(photo.face, descriptors[id(photo)])
        if self._prints:
            self._prints.put(self._prints_of(pairs, roots, files, looks))
        _score(looks)
        measured = [_measurement(*look, distance) for look, distance in zip(looks, self._distances(looks), strict=True)]
        if not self._cards:
            return measured
        cards = [compared(one.card, pair.nik) for pair, (one, _) in zip(pairs, looks, strict=True)]
        portraits = self._portraits(looks, measured, cards)
        return [_with_card(*each) for each in zip(measured, cards, portraits, strict=True)]

    def _portraits(
        self, looks: list[tuple[SeenPhoto, SeenPhoto | None]], measured: list[Measurement], cards: list[CardResult]
    ) -> list[float | None]:
        """The distance of the card's portrait to the farther of the two faces; None where it is not asked for."""
        asked: dict[int, Three] = {}
        for i, (one, other) in enumerate(looks):
            distance = measured[i].distance
            if distance is None or cards[i].state != "agrees" or not self._recogniser.close_call(distance):
                continue
            if one.portrait is not None and one.described and other and other.described:
                asked[i] = Three(one.described, other.described, one.portrait)
        found = dict(zip(asked, farther_of_two(self._recogniser, list(asked.values())), strict=True))
        return [found.get(i) for i in range(len(looks))]

    def _distances(self, looks: list[tuple[SeenPhoto, SeenPhoto | None]]) -> list[float | None]:
        """The distance of each pair; None where one of the two faces was not found."""
        pairs = {
            i: (one.described, other.described)
            for i, (one, other) in enumerate(looks)
            if one.described is not None and other is not None and other.described is not None
        }
        found = dict(zip(pairs, self._recogniser.distances(list(pairs.values())), strict=True))
        return [found.get(i) for i in range(len(looks))]

    @staticmethod
    def _prints_of(
        pairs: list[PhotoPair],
        roots: Roots,
        files: _Files,
        looks: list[tuple[SeenPhoto, SeenPhoto | None]],
    ) -> list[Print]:
        """What is kept of each pair whose selfie is a picture, to be compared with all others."""

        def kept(photo: SeenPhoto | None, file: bytes | None) -> Look | None:
            if photo is None or photo.picture is None or file is None:
                return None
            face = None if photo.described is None else photo.described.descriptor
            return Look(file, photo.picture, face)

        found: list[Print] = []
        for pair, (one, other) in zip(pairs, looks, strict=True):
            mine = _digest(files[roots.selfies, pair.selfie])
            theirs = _digest(files.get((roots.photos, pair.reference)))
            selfie = kept(one, mine)
            if selfie is not None:
                found.append(Print.of(selfie, kept(other, theirs), theirs))
        return found

    def _once(
        self,
        seen: dict[tuple[str, bytes], SeenPhoto],
        role: str,
        file: _File,
        numbered: Set[bytes | None] = frozenset(),
    ) -> SeenPhoto:
        """One look at a file. ``numbered``: files of selfies whose card's number is to be read."""
        if (role, file.digest) not in seen:
            seen[role, file.digest] = look_at(
                file.data,
                self._settings,
                hashed=bool(self._prints),
                cards=self._cards and role == "selfie",
                numbered=file.digest in numbered,
            )
        return seen[role, file.digest]


def _digest(file: _File | Exception | None) -> bytes | None:
    """SHA-256 of a file's bytes; None of one that could not be read."""
    return file.digest if isinstance(file, _File) else None


def _hex(file: _File | Exception | None) -> str | None:
    digest = _digest(file)
    return digest.hex() if digest is not None else None


def _without_file(error: Exception) -> Measurement:
    problem = "selfie_missing" if isinstance(error, PhotoMissingError) else "selfie_unreadable"
    return Measurement(problem=problem, detail=str(error))


def _score(looks: list[tuple[SeenPhoto, SeenPhoto | None]]) -> None:
    """Scores the selfies, and asks those references for a covering where it matters."""
    selfies = list({id(one): one for one, _ in looks if one.face is not None}.values())
    for photo, scores in zip(selfies, look([one.face for one in selfies if one.face]), strict=True):
        photo.scores = scores
    asked = {id(other): other for one, other in looks if other and other.face and worth_asking(one.scores)}.values()
    for photo, covering in zip(asked, coverings([other.face for other in asked if other.face]), strict=True):
        photo.covering = covering


def _measurement(one: SeenPhoto, other: SeenPhoto | None, distance: float | None) -> Measurement:
    """What a pair gave; numbers are rounded so that a file of them is small and the same everywhere."""
    usable = other is not None and other.described is not None and other.problem in (None, "several_faces")
    scores = one.scores
    if scores is None:
        return Measurement(problem=one.problem, faces=one.faces, reference_seen=usable, detail=one.detail)
    return Measurement(
        problem=one.problem,
        distance=_rounded(distance),
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


def _with_card(measured: Measurement, card: CardResult, portrait: float | None) -> Measurement:
    """The measurement with what is known of the card; of a file that is no picture nothing is."""
    if measured.problem in ("selfie_missing", "selfie_unreadable"):
        return measured
    return replace(measured, card=card.state, card_score=_rounded(card.score), card_distance=_rounded(portrait))


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)
