"""Where an identity card is in a picture: its four corners, in the order in which it would be read. Pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.align import warp
from pipeline.selfie.card.card_layout import CARD, PORTRAIT, RATIO
from pipeline.selfie.networks.card_network import HEIGHT, STRIDE, WIDTH, card_maps

Points = NDArray[np.float64]


def fitted(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture as the network sees it, [256, 192, 3] with black beside it, and the map [2, 3] that took it there."""
    height, width = image.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas, np.array([[size[0] / width, 0, left], [0, size[1] / height, top]])


@dataclass(frozen=True)
class FoundCard:
    """``ways``: corners [4, 2] in pixels of the picture that was given, from the print's upper left on: every way in
    which the card may lie, the likeliest first. A card may be mirrored, and its edges or its portrait may mislead."""

    ways: tuple[Points, ...]


#: A cell belongs to a card, or to its portrait, from this on.
_INSIDE = 0.5
#: The fewest cells of a card in the first look, and of its portrait in the second.
_CELLS, _PORTRAIT_CELLS = 20, 6
#: How sure the surest cells must be on average: of a card in the first look; of card and portrait in the second.
FIRST, SECOND = 0.6, 0.95
#: In the second look the card lies level and takes this share of the width.
_NEAR = 0.7
#: Most looks after the first: another one where the card lay aslant, or larger or smaller than it should.
_LOOKS = 3
_FINER = 4  # the maps are enlarged before an outline is drawn


def find_card(image: NDArray[np.uint8]) -> FoundCard | None:
    """The card in an RGB picture; None where there is none.

    A first look at the whole picture says where a card may be, further ones at its surroundings whether it is one and
    where its corners are. Where nothing is found the picture is looked at on its side, for a card that stands upright.
    """
    for turned in (False, True):
        seen = np.ascontiguousarray(np.rot90(image)) if turned else image
        ways = _ways(seen)
        if ways and turned:
            ways = [np.column_stack([image.shape[1] - 1 - points[:, 1], points[:, 0]]) for points in ways]
        if ways:
            upright = [i for i, points in enumerate(ways) if _down(points) > 0]
            return FoundCard(tuple(ways[i] for i in (*upright, *(i for i in range(len(ways)) if i not in upright))))
    return None


def _ways(image: NDArray[np.uint8]) -> list[Points]:
    """The ways in which a card may lie; none where there is no card."""
    picture, move = fitted(image)
    card, _ = card_maps(picture)
    place = _outline(card)
    if place is None or _surest(card, _CELLS) < FIRST:
        return []
    near = _level(place, move)
    for _ in range(_LOOKS):
        card, portrait = card_maps(warp(image, near, WIDTH, HEIGHT))
        outline = _outline(card)
        if outline is None:
            return []
        better = _level(outline, near)
        if _lies_well(near, better):
            break
        near, before = better, near
    else:
        near = before
    sure = min(_surest(card, _CELLS), _surest(portrait, _PORTRAIT_CELLS))
    if outline is None or sure < SECOND or (portrait > _INSIDE).sum() < _PORTRAIT_CELLS:
        return []
    ways = _in_reading_order(_corners(outline), _middle(portrait))
    if not _in_its_place(portrait, ways[0]):
        return []
    by_portrait = _from_portrait(portrait, ways[0])
    back = cv2.invertAffineTransform(near)
    return [points @ back[:, :2].T + back[:, 2] for points in (*ways, *by_portrait)]


def _in_its_place(portrait: NDArray[np.float32], proper: Points) -> bool:
    """Whether the portrait is near the right end of the card and as large as it should be, corners being a little off.
    A face beside a telephone or a book is not."""
    to_card = cv2.getPerspectiveTransform(proper.astype(np.float32), np.array(CARD.corners, np.float32))
    x, y = cv2.perspectiveTransform(_middle(portrait)[None, None], to_card.astype(np.float64))[0, 0]
    share = float((portrait > _INSIDE).sum()) * STRIDE**2 / max(cv2.contourArea(proper.astype(np.float32)), 1.0)
    return bool(0.66 < x < 1.0 and 0.2 < y < 0.8 and 0.04 < share < 0.22)


def _from_portrait(portrait: NDArray[np.float32], proper: Points) -> tuple[Points, Points]:
    """The corners as the portrait's place, size and angle alone would have them, in both ways."""
    fine = cv2.resize(portrait, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((fine > _INSIDE).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    middle, (a, b), angle = cv2.minAreaRect(max(found, key=cv2.contourArea))
    turn = np.radians(angle)
    across = proper[1] - proper[0] + proper[2] - proper[3]
    turn += np.pi / 2 * np.round((np.arctan2(across[1], across[0]) - turn) / (np.pi / 2))
    x = np.array([np.cos(turn), np.sin(turn)])
    wide = float(np.sqrt((a + 1) * (b + 1) / ((PORTRAIT.x1 - PORTRAIT.x0) * (PORTRAIT.y1 - PORTRAIT.y0) / RATIO)))
    centre = np.array([PORTRAIT.x0 + PORTRAIT.x1, PORTRAIT.y0 + PORTRAIT.y1]) / 2
    made = []
    for y in (np.array([-x[1], x[0]]), np.array([x[1], -x[0]])):
        away = np.array(CARD.corners) - centre
        made.append(np.array(middle) + wide * (away[:, :1] * x + away[:, 1:] * y / RATIO))
    return made[0], made[1]


def _outline(card: NDArray[np.float32]) -> Points | None:
    """The outline [n, 2] of the largest patch of a card's cells, in pixels of what the network saw."""
    fine = cv2.resize(card, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((fine > _INSIDE).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(found, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < _CELLS * _FINER**2:
        return None
    return largest[:, 0].astype(np.float64)


def _level(outline: Points, move: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map [2, 3] from the picture to a second look: the patch in the middle, its long side level."""
    (x, y), (a, b), angle = cv2.minAreaRect(outline.astype(np.float32))
    turn = -np.radians(angle if a >= b else angle + 90)
    turn -= np.pi * np.round(turn / np.pi)  # upright rather than on its head
    scale = _NEAR * WIDTH / max(a, b, 1.0)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    after = np.column_stack([linear, np.array([WIDTH, HEIGHT]) / 2 - linear @ np.array([x, y])])
    return np.asarray(after @ np.vstack([move, [0, 0, 1]]), np.float64)


def _lies_well(near: NDArray[np.float64], better: NDArray[np.float64]) -> bool:
    """Whether a card that was looked at by ``near`` lay nearly as ``better`` has it: level, as large, in the middle."""
    change = np.vstack([better, [0, 0, 1]]) @ np.linalg.inv(np.vstack([near, [0, 0, 1]]))
    turn, scale = np.arctan2(change[1, 0], change[0, 0]), np.hypot(change[0, 0], change[1, 0])
    middle = np.array([WIDTH, HEIGHT]) / 2
    aside = float(np.linalg.norm(change[:2, :2] @ middle + change[:2, 2] - middle))
    return abs(turn) < 0.12 and 0.8 < scale < 1.25 and aside < 16


def _surest(values: NDArray[np.float32], cells: int) -> float:
    """The mean of so many of the surest cells."""
    return float(np.sort(values, axis=None)[-cells:].mean())


def _middle(portrait: NDArray[np.float32]) -> Points:
    """The middle of the portrait's cells, in pixels."""
    weight = portrait * (portrait > _INSIDE)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    cells = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    return np.asarray((cells + 0.5) * STRIDE - 0.5, np.float64)


def _corners(outline: Points) -> Points:
    """The four corners of an outline that fingers may cut into: lines through its points along the sides of the
    smallest rectangle around it."""
    around = cv2.boxPoints(cv2.minAreaRect(cv2.convexHull(outline.astype(np.float32)))).astype(np.float64)
    middle = around.mean(0)
    sides = []
    for a, b in zip(around, np.roll(around, -1, 0), strict=True):
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
        out = np.array([along[1], -along[0]])
        out *= np.sign(out @ ((a + b) / 2 - middle))
        share = (outline - a) @ along / max(float(np.linalg.norm(b - a)), 1e-6)
        depth = (outline - a) @ out
        reach = 0.12 * float(np.linalg.norm(np.roll(around, -1, 0)[0] - around[0]))
        near = outline[(share > 0.1) & (share < 0.9) & (depth > -max(reach, 3.0))]
        sides.append(_line(near, a, along, out))
    return np.array([_crossing(sides[i - 1], sides[i]) for i in range(4)])


def _line(near: Points, start: Points, along: Points, out: Points) -> tuple[Points, Points]:
    """A point on a side, half a pixel outside its outermost pixels, and its direction. Points far inside, where a
    finger lies, lose their weight."""
    if len(near) < 8:
        return start + 0.5 * out, along
    x, depth = (near - start) @ along, (near - start) @ out
    weights = np.ones(len(x))
    slope, level = 0.0, float(depth.max())
    for _ in range(6):
        off = depth - (slope * x + level)
        weights = np.where(off < -1.0, np.exp(-((off + 1) ** 2) / 2), 1.0)
        mean_x, mean_d = np.average(x, weights=weights), np.average(depth, weights=weights)
        spread = np.average((x - mean_x) ** 2, weights=weights)
        slope = float(
            np.clip(np.average((x - mean_x) * (depth - mean_d), weights=weights) / max(spread, 1e-6), -0.35, 0.35)
        )
        level = float(mean_d - slope * mean_x)
    return start + out * (level + 0.5), along + slope * out


def _crossing(one: tuple[Points, Points], other: tuple[Points, Points]) -> Points:
    system = np.column_stack([one[1], -other[1]])
    if abs(np.linalg.det(system)) < 1e-6:
        return one[0]
    return np.asarray(one[0] + one[1] * np.linalg.solve(system, other[0] - one[0])[0], np.float64)


def _in_reading_order(corners: Points, portrait: Points) -> tuple[Points, Points]:
    """The corners from the print's upper left on, for a picture that is not mirrored and for one that is.

    The portrait is near the right end of the print. That leaves two ways, which are mirror images of each other.
    """
    if np.cross(*(corners[[1, 2]] - corners[[0, 1]])) < 0:  # clockwise as seen, y downwards
        corners = corners[::-1]
    lengths = [float(np.linalg.norm(corners[(i + 1) % 4] - corners[i])) for i in range(4)]
    if lengths[0] + lengths[2] < lengths[1] + lengths[3]:
        corners = np.roll(corners, -1, 0)
    middle = corners.mean(0)
    if (portrait - middle) @ (corners[1] - corners[0]) < 0:
        corners = np.roll(corners, -2, 0)
    return corners, corners[[3, 2, 1, 0]]


def _down(corners: Points) -> float:
    """How far down the picture the print's lower edge lies below its upper edge."""
    return float((corners[2:] - corners[:2]).mean(0)[1])
