"""One photograph, looked at by itself: decoded, its face found, a card and its number's line cut out. Pixels only.

Nothing is described, scored or compared here. A photograph never raises: what is wrong with it is its result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import PhotoLimits, SelfieSettings
from pipeline.selfie.card.card_check import CardReading, read_card
from pipeline.selfie.card.card_portrait import cut_portrait
from pipeline.selfie.decode import PhotoUnreadableError, decode_within
from pipeline.selfie.defects.defect_scores import Face, Scores
from pipeline.selfie.described_face import Described
from pipeline.selfie.detection.face_finder import find_turned
from pipeline.selfie.one_against_all.copies import picture_hash

#: Long side, in pixels, at which a card's print is read; a face needs far fewer.
_PRINT_SIDE = 1440

Limits = PhotoLimits | SelfieSettings


@dataclass
class SeenPhoto:
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


def look_at(data: bytes, limits: Limits, *, hashed: bool, cards: bool, numbered: bool) -> SeenPhoto:
    """What is seen of the photograph in a file's bytes. ``hashed``: the picture's hash is wanted; ``cards``: an
    identity card is looked for; ``numbered``: its number is to be read."""
    try:
        photo = decode_within(data, limits)
    except PhotoUnreadableError as e:
        return SeenPhoto("selfie_unreadable", str(e))
    picture = picture_hash(photo.pixels) if hashed else None
    pixels, found = find_turned(photo.pixels)
    larger = partial(_larger, data, limits, found.quarters)
    card = read_card(pixels, (lambda: _grey(larger(grey=True))) if numbered else None) if cards else None
    portrait = None
    if card is not None and card.line is not None:
        portrait = partial(_portrait, larger, card.corners)
    if found.main is None or found.mesh is None:
        return SeenPhoto("no_face", faces=found.count, picture=picture, card=card)
    problem = "several_faces" if found.several else None
    face = pixels, found.mesh
    return SeenPhoto(problem, "", found.count, face, picture=picture, turned=found.turned, card=card, portrait=portrait)


def _larger(data: bytes, limits: Limits, quarters: int, *, grey: bool = False) -> NDArray[np.uint8] | None:
    """The picture [h, w, 1 or 3] in the size in which print is read, turned as the smaller one was. None where it can
    be decoded smaller only: a damaged file may have as much as a face needs, and no more."""
    try:
        return np.rot90(decode_within(data, limits, _PRINT_SIDE, grey=grey).pixels, quarters)
    except PhotoUnreadableError:
        return None


def _grey(picture: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    return None if picture is None else picture[..., 0]


def _portrait(larger: Callable[[], NDArray[np.uint8] | None], corners: NDArray[np.float64]) -> NDArray[np.uint8] | None:
    """The portrait on the card in a selfie, in colour."""
    picture = larger()
    return None if picture is None else cut_portrait(picture, corners)
