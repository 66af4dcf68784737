"""The portrait on an identity card as a third photograph of the person, beside the selfie and the register's.

Cut out of the selfie where the card lies, described by the recogniser that compares the other two, and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import CARD, PORTRAIT
from pipeline.selfie.card.card_plane import through
from pipeline.selfie.described_face import Described, Face
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.recogniser import Recogniser

#: Width and height of the cut, in pixels, and how much of the portrait's size is cut out around it.
_SIZE = (222, 312)
_AROUND = 0.12


@dataclass(frozen=True)
class Three:
    """A selfie's face, the register's, and the picture [h, w, 3] of the card's portrait: made when it is asked for, or
    None."""

    selfie: Described
    register: Described
    portrait: Callable[[], NDArray[np.uint8] | None]


def cut_portrait(picture: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The portrait and a little around it, upright and not mirrored, out of a picture [h, w, 3]. ``corners`` [4, 2] of
    the card, from the print's upper left on, in shares of the picture's width and height."""
    placed = corners * picture.shape[1::-1]
    lies = cv2.getPerspectiveTransform(np.array(CARD.corners, np.float32), placed.astype(np.float32))
    box = np.array(PORTRAIT.corners)
    box += (box - box.mean(0)) * 2 * _AROUND
    source = through(np.asarray(lies, np.float64), box).astype(np.float32)
    target = np.array([[0, 0], [_SIZE[0], 0], _SIZE, [0, _SIZE[1]]], np.float32)
    move = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(picture, move, _SIZE, flags=cv2.INTER_CUBIC), np.uint8)


def farther_of_two(recogniser: Recogniser, asked: Sequence[Three]) -> list[float | None]:
    """Of each, the distance of the portrait to the selfie or to the register's face, whichever is larger; None where
    the portrait shows no face."""
    faces = [_face(three.portrait()) for three in asked]
    seen = [face for face in faces if face is not None]
    if not seen:
        return [None] * len(asked)
    described = iter(Described(*both) for both in zip(seen, recogniser.describe(seen), strict=True))
    portraits = [None if face is None else next(described) for face in faces]
    trios = [
        (three.selfie, three.register, portrait)
        for three, portrait in zip(asked, portraits, strict=True)
        if portrait is not None
    ]
    distances = iter(farther(recogniser, trios))
    return [None if portrait is None else next(distances) for portrait in portraits]


def farther(recogniser: Recogniser, trios: Sequence[tuple[Described, Described, Described]]) -> list[float]:
    """Of selfie, register's face and portrait: the distance of the portrait to the other that lies farther from it."""
    pairs = [(other, portrait) for *two, portrait in trios for other in two]
    distances = iter(recogniser.distances(pairs))  # at once: each face is looked at once more, not once a pair
    return [max(next(distances), next(distances)) for _ in trios]


def _face(picture: NDArray[np.uint8] | None) -> Face | None:
    mesh = None if picture is None else find(picture).mesh
    return None if picture is None or mesh is None else (picture, mesh)
