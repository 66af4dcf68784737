"""Looks at pairs of photographs in batches, one process, one thread: decode, find, align, embed, score.

Reads photographs below two roots and nothing else. A photograph never raises here: what is wrong with it is its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import PhotoLimits, SelfieSettings
from pipeline.selfie import cache
from pipeline.selfie.card.card_check import CardReading, CardResult, compared, is_number, read_card
from pipeline.selfie.card.card_portrait import Three, cut_portrait, farther_of_two
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode_within, read_below
from pipeline.selfie.defects.defect_scores import Face, Scores, coverings, look, worth_asking
from pipeline.selfie.detection.face_finder import find_turned
from pipeline.selfie.networks import efficientnet
from pipeline.selfie.one_against_all.copies import picture_hash
from pipeline.selfie.one_against_all.prints import Look, Print, PrintLog
from pipeline.selfie.recogniser import Described, Recogniser
from pipeline.selfie.verdict import Measurement, PhotoPair

#: A covering is seen on the reference when its own score reaches this; the selfie's covering is then no defect.
_COVERED = 0.75
#: Long side, in pixels, at which a card's print is read; a face needs far fewer.
_PRINT_SIDE = 1440


@dataclass
class _Seen:
    """One photograph after a look: its problem, or its face and what was then found on it (``scores`` of a selfie,
    ``covering`` of a reference that was asked for it)."""

    problem: str | None = None
    detail: str = ""
    faces: int = 0
    face: Face | None = None
    described: Described | None = None
    scores: Scores | None = None
    covering: float | None = None
    picture: NDArray[np.uint64] | None = None  # its hash, where prints are kept
    turned: bool = False
    card: CardReading | None = None
    portrait: Callable[[], NDArray[np.uint8] | None] | None = None  # cuts the card's portrait out, where one is asked


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
        seen: dict[tuple[str, bytes], _Seen] = {}
        looks: list[tuple[_Seen, _Seen | None]] = []
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
        self, looks: list[tuple[_Seen, _Seen | None]], measured: list[Measurement], cards: list[CardResult]
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

    def _distances(self, looks: list[tuple[_Seen, _Seen | None]]) -> list[float | None]:
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
        looks: list[tuple[_Seen, _Seen | None]],
    ) -> list[Print]:
        """What is kept of each pair whose selfie is a picture, to be compared with all others."""

        def kept(photo: _Seen | None, file: bytes | None) -> Look | None:
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
        self, seen: dict[tuple[str, bytes], _Seen], role: str, file: _File, numbered: Set[bytes | None] = frozenset()
    ) -> _Seen:
        """One look at a file. ``numbered``: files of selfies whose card's number is to be read."""
        if (role, file.digest) not in seen:
            cards = self._cards and role == "selfie"
            seen[role, file.digest] = self._one(file.data, cards=cards, numbered=file.digest in numbered)
        return seen[role, file.digest]

    def _one(self, data: bytes, *, cards: bool, numbered: bool) -> _Seen:
        try:
            photo = decode_within(data, self._settings)
        except PhotoUnreadableError as e:
            return _Seen("selfie_unreadable", str(e))
        picture = picture_hash(photo.pixels) if self._prints else None
        pixels, found = find_turned(photo.pixels)
        card = self._card(data, pixels, found.quarters, numbered=numbered) if cards else None
        portrait = None
        if card is not None and card.line is not None:
            portrait = partial(self._portrait, data, card.corners, found.quarters)
        if found.main is None or found.mesh is None:
            return _Seen("no_face", faces=found.count, picture=picture, card=card)
        problem = "several_faces" if found.several else None
        face = pixels, found.mesh
        return _Seen(problem, "", found.count, face, picture=picture, turned=found.turned, card=card, portrait=portrait)

    def _card(self, data: bytes, pixels: NDArray[np.uint8], quarters: int, *, numbered: bool) -> CardReading | None:
        """What is seen of the card in a selfie; None where there is none."""

        def larger() -> NDArray[np.uint8] | None:
            grey = self._larger(data, quarters, grey=True)
            return None if grey is None else grey[..., 0]

        return read_card(pixels, larger if numbered else None)

    def _portrait(self, data: bytes, corners: NDArray[np.float64], quarters: int) -> NDArray[np.uint8] | None:
        """The portrait on the card in a selfie, in colour."""
        picture = self._larger(data, quarters)
        return None if picture is None else cut_portrait(picture, corners)

    def _larger(self, data: bytes, quarters: int, *, grey: bool = False) -> NDArray[np.uint8] | None:
        """The picture [h, w, 1 or 3] in the size in which print is read, turned as the smaller one was. None where it
        can be decoded smaller only: a damaged file may have as much as a face needs, and no more."""
        try:
            return np.rot90(decode_within(data, self._settings, _PRINT_SIDE, grey=grey).pixels, quarters)
        except PhotoUnreadableError:
            return None


def _digest(file: _File | Exception | None) -> bytes | None:
    """SHA-256 of a file's bytes; None of one that could not be read."""
    return file.digest if isinstance(file, _File) else None


def _hex(file: _File | Exception | None) -> str | None:
    digest = _digest(file)
    return digest.hex() if digest is not None else None


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


def _measurement(one: _Seen, other: _Seen | None, distance: float | None) -> Measurement:
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
