"""Where an identity card is in a picture: its four corners, in the order in which it would be read. Pixels only.

A first look at the whole picture says where a card may be. Second looks at its surroundings say whether it is one, and
where its corners, its portrait and its number are, and so which way it lies and whether it is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.align import warp
from pipeline.selfie.card.card_layout import CARD, PORTRAIT
from pipeline.selfie.card.card_plane import Points, corners, plane, through
from pipeline.selfie.networks.card_network import FAR, NEAR, STRIDE, Shape, card_points

#: How sure a card must be on average over the whole of it, and over its portrait; and how sure its points are.
SURE, POINTS_SURE = 0.4, 0.6
#: How sure the points and the card must be in the first look for a second one.
PERHAPS = 0.2
#: In the second look the card lies level and takes this share of the width.
_NEAR = 0.72
#: Most second looks: another one where the card lay aslant, or larger or smaller than it should.
_LOOKS = 3
_FAR_OUT = 1000.0  # cells
_ASIDE = np.arange(-2, 3)  # cells around the surest one


@dataclass(frozen=True)
class Seen:
    """A look: the card's perspective in what was seen; and how sure the card, its portrait and its points are."""

    lies: Points
    card: float
    portrait: float
    points: float

    @property
    def is_card(self) -> bool:
        """Whether it is a card."""
        return min(self.card, self.portrait) >= SURE and self.points >= POINTS_SURE


def find_card(image: NDArray[np.uint8]) -> Points | None:
    """The corners [4, 2] of the card in an RGB picture, in pixels, from the print's upper left on; None where there is
    no card. Of a card that is mirrored they go round the other way."""
    near = first_look(image)
    if near is None:
        return None
    seen, near = second_look(image, near)
    if not seen.is_card:
        return None
    back = cv2.invertAffineTransform(near)
    return np.asarray(corners(seen.lies) @ back[:, :2].T + back[:, 2], np.float64)


def first_look(image: NDArray[np.uint8]) -> Points | None:
    """The map [2, 3] from the picture to a second look at what may be a card; None where nothing is."""
    picture, move = fitted(image)
    seen = _seen(picture, FAR)
    if min(seen.card, seen.points) < PERHAPS:
        return None
    return _lying(seen, move)


def second_look(image: NDArray[np.uint8], near: Points) -> tuple[Seen, Points]:
    """What is seen of a card in its surroundings, and the map [2, 3] by which they were looked at in the end."""
    for left in reversed(range(_LOOKS)):
        seen = _seen(warp(image, near, NEAR.width, NEAR.height), NEAR)
        better = _lying(seen, near)
        if not left or seen.card < PERHAPS or _lies_well(near, better):
            break
        near = better
    return seen, near


def fitted(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture as the first network sees it, [224, 160, 3] with black beside it, and the map [2, 3] to there."""
    height, width = image.shape[:2]
    scale = min(FAR.width / width, FAR.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    by = int(0.75 / scale)  # whole steps are fast, and what is left is too little to skip pixels
    if by > 1:
        less = max(1, width // by), max(1, height // by)
        image = np.asarray(cv2.resize(image, less, interpolation=cv2.INTER_AREA), np.uint8)
    left, top = (FAR.width - size[0]) // 2, (FAR.height - size[1]) // 2
    canvas = np.zeros((FAR.height, FAR.width, 3), np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return canvas, np.array([[size[0] / width, 0, left], [0, size[1] / height, top]])


def _seen(picture: NDArray[np.uint8], shape: Shape) -> Seen:
    shares, masks = card_points(picture, shape)
    found, sure = _points(shares)
    lies = plane(found, sure)
    card, portrait = (
        _mean_inside(mask, through(lies, np.array(box.corners)))
        for box, mask in zip((CARD, PORTRAIT), masks, strict=True)
    )
    return Seen(lies, card, portrait, float(sure.mean()))


def _points(shares: NDArray[np.float32]) -> tuple[Points, NDArray[np.float64]]:
    """Where the points are [10, 2], in pixels: the middle of what lies around the surest cell; and how sure they are
    there [10]."""
    reach = len(_ASIDE) // 2
    rows, columns = np.divmod(shares.reshape(len(shares), -1).argmax(1)[:, None], shares.shape[2])
    padded = np.pad(shares, ((0, 0), (reach, reach), (reach, reach)))
    down, right = rows + _ASIDE, columns + _ASIDE
    which = np.arange(len(shares))[:, None, None]
    around = padded[which, down[:, :, None] + reach, right[:, None, :] + reach].astype(np.float64)
    sure = around.sum((1, 2))
    cells = np.column_stack([(around.sum(1) * right).sum(1), (around.sum(2) * down).sum(1)]) / sure[:, None]
    return (cells + 0.5) * STRIDE - 0.5, sure


def _mean_inside(mask: NDArray[np.float32], outline: Points) -> float:
    """The mean of a mask inside an outline that is in pixels; what lies outside the picture counts as nothing."""
    inside = np.zeros(mask.shape, np.uint8)
    cells = (outline + 0.5) / STRIDE - 0.5
    if not np.abs(cells).max() < _FAR_OUT:  # what is no card can have any perspective
        return 0.0
    cv2.fillConvexPoly(inside, np.round(cells * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    whole = max(cv2.contourArea(cells.astype(np.float32)), float(inside.sum()), 1.0)
    return float((mask * inside).sum()) / whole


def _lying(seen: Seen, move: Points) -> Points:
    """The map [2, 3] from the picture to a second look at the card that was seen by ``move``."""
    placed = corners(seen.lies)
    return _level(placed.mean(0), (placed[1] - placed[0] + placed[2] - placed[3]) / 2, move)


def _level(middle: Points, across: Points, move: Points) -> Points:
    """The map [2, 3] from the picture to a second look: the card in the middle, its width ``across`` level, so that the
    portrait is at the right."""
    wide = max(float(np.linalg.norm(across)), 1.0)
    cos, sin = across / wide
    linear = _NEAR * NEAR.width / wide * np.array([[cos, sin], [-sin, cos]])
    after = np.column_stack([linear, np.array([NEAR.width, NEAR.height]) / 2 - linear @ middle])
    return np.asarray(after @ np.vstack([move, [0, 0, 1]]), np.float64)


def _lies_well(near: Points, better: Points) -> bool:
    """Whether a card that was looked at by ``near`` lay nearly as ``better`` has it: level, as large, in the middle."""
    change = np.vstack([better, [0, 0, 1]]) @ np.linalg.inv(np.vstack([near, [0, 0, 1]]))
    turn, scale = np.arctan2(change[1, 0], change[0, 0]), np.hypot(change[0, 0], change[1, 0])
    middle = np.array([NEAR.width, NEAR.height]) / 2
    aside = float(np.linalg.norm(change[:2, :2] @ middle + change[:2, 2] - middle))
    return abs(turn) < 0.1 and 0.85 < scale < 1.18 and aside < 8
