"""What the two networks that find cards are learned from: renderings of the variety to learn from, and photographs
without a card, each turned, scaled, mirrored, covered and coloured differently each time. Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_finder import fitted
from pipeline.selfie.card.card_layout import CARD, POINTS, PORTRAIT
from pipeline.selfie.networks.card_network import FAR, NEAR, STRIDE, Shape
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.simulate.photos.cards.held import through
from pipeline.simulate.photos.face_sources import read
from tools.selfie.card_pictures import CardPicture, photographs, renderings

RENDERINGS, WIDTH, PHOTOGRAPHS = 1500, 432, 375
#: Of seven renderings four show a card.
KINDS = ("card", "card", "card", "card", "other", "other", "nothing")
_LONGEST = 576  # pixels of a photograph that is kept in memory
_NOWHERE = -99.0

Move = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A picture and the corners [4, 2] of the card on it (None without a card)."""

    picture: NDArray[np.uint8]
    card: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Target:
    """What a network should say of a picture: where the card's points are, in cells [10, 2], and how much of each cell
    is card and portrait [h, w, 2]."""

    points: NDArray[np.float32]
    masks: NDArray[np.float32]


def examples(faces: Path) -> list[Example]:
    """Everything that is learned from."""
    kinds: Any = [KINDS[i % len(KINDS)] for i in range(RENDERINGS)]
    found = [_rendered(one) for one in renderings(faces, LEARNT, kinds, width=WIDTH, seed=1, test=False)]
    return found + [Example(_kept(read(path))) for path in photographs(faces, test=False)[:PHOTOGRAPHS]]


def _kept(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(1.0, _LONGEST / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _rendered(one: CardPicture) -> Example:
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(one.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return Example(np.asarray(image, np.uint8), one.truth.corners if one.truth else None)


def varied(one: Example, shape: Shape, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Target]:
    """The example as a network may see it [h, w, 3], and what it should say."""
    size = shape.width, shape.height
    move = _far(one, rng) if shape is FAR else _near(one, rng)
    if rng.random() < 0.5:
        move = _flip(shape) @ np.vstack([move, [0, 0, 1]])
    seen = _moved(one.picture, move, size)
    if rng.random() < (0.15 if shape is FAR else 0.25):
        _cover(seen, rng)
    cells = shape.height // STRIDE, shape.width // STRIDE
    target = Target(np.full((len(POINTS), 2), _NOWHERE, np.float32), np.zeros((*cells, 2), np.float32))
    if one.card is not None:
        lies = cv2.getPerspectiveTransform(np.array(CARD.corners, np.float32), one.card.astype(np.float32))
        placed = [
            through(lies.astype(np.float64), np.array(points)) @ move[:, :2].T + move[:, 2]
            for points in (POINTS, CARD.corners, PORTRAIT.corners)
        ]
        target.points[:] = (placed[0] + 0.5) / STRIDE - 0.5
        for channel, outline in enumerate(placed[1:]):
            mask = np.zeros(size[::-1], np.uint8)
            cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
            target.masks[..., channel] = cv2.resize(mask, cells[::-1], interpolation=cv2.INTER_AREA) / np.float32(255)
    return _recoloured(seen.astype(np.float32), rng), target


def _flip(shape: Shape) -> Move:
    """A mirror: of the whole picture from left to right, of a card upside down, so that its portrait stays right."""
    if shape is FAR:
        return np.array([[-1.0, 0, shape.width - 1], [0, 1, 0]])
    return np.array([[1.0, 0, 0], [0, -1, shape.height - 1]])


def _far(one: Example, rng: np.random.Generator) -> Move:
    """The whole picture, a little turned, scaled and moved; sometimes on its side or on its head."""
    _, fit = fitted(one.picture)
    turn = rng.normal(0, 0.15) + (np.pi / 2 * rng.integers(1, 4) if rng.random() < 0.2 else 0.0)
    return _around(fit, (FAR.width / 2, FAR.height / 2), np.exp(rng.uniform(-0.35, 0.2)), turn, rng.normal(0, 8, 2))


def _near(one: Example, rng: np.random.Generator) -> Move:
    """The surroundings of a card that lies nearly level, its portrait mostly right; of a picture without one, any
    place. Half of them lie as they do once a card was found, half as the first look may have them."""
    height, width = one.picture.shape[:2]
    if one.card is None:
        spot, wide = (
            rng.uniform([0.15 * width, 0.15 * height], [0.85 * width, 0.85 * height]),
            rng.uniform(0.2, 0.6) * width,
        )
        turn = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else 0.0
    else:
        across = one.card[1] - one.card[0] + one.card[2] - one.card[3]
        spot, wide, turn = one.card.mean(0), float(np.linalg.norm(across)) / 2, -float(np.arctan2(across[1], across[0]))
    middle = np.array([NEAR.width, NEAR.height]) / 2
    start = np.column_stack([np.eye(2), middle - spot])
    well = rng.random() < 0.5
    scale = rng.uniform(0.66, 0.78) if well else rng.uniform(0.5, 0.92)
    turn += rng.normal(0, 0.08 if well else 0.2) + (np.pi if rng.random() < 0.25 else 0.0)
    return _around(start, tuple(middle), scale * NEAR.width / wide, turn, rng.normal(0, 4 if well else 10, 2))


def _around(move: Move, spot: tuple[float, ...], scale: float, turn: float, aside: NDArray[np.float64]) -> Move:
    """``move``, then scaled and turned around a spot, then moved aside."""
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    after = np.column_stack([linear, np.array(spot) - linear @ np.array(spot) + aside])
    return np.asarray(after @ np.vstack([move, [0, 0, 1]]), np.float64)


def _moved(picture: NDArray[np.uint8], move: Move, size: tuple[int, int]) -> NDArray[np.uint8]:
    shrink = float(np.sqrt(abs(np.linalg.det(move[:, :2]))))
    if shrink < 0.6:  # bilinear sampling would skip pixels
        small = cv2.resize(picture, None, fx=1.3 * shrink, fy=1.3 * shrink, interpolation=cv2.INTER_AREA)
        ratio = np.array([picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]])
        picture, move = np.asarray(small, np.uint8), np.column_stack([move[:, :2] * ratio, move[:, 2]])
    return np.asarray(cv2.warpAffine(picture, move, size), np.uint8)


def _cover(seen: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """One or two bars of any colour, or of skin, over it."""
    for _ in range(rng.integers(1, 3)):
        start = rng.uniform([0, 0], seen.shape[1::-1])
        end = start + rng.normal(0, 50, 2)
        skin = np.array([205.0, 160.0, 132.0]) * rng.uniform(0.5, 1.15)
        colour = rng.uniform(0, 255, 3) if rng.random() < 0.5 else skin
        first, last = (tuple(int(v) for v in point) for point in (start, end))
        cv2.line(seen, first, last, tuple(float(v) for v in colour), int(rng.integers(8, 30)), cv2.LINE_AA)


def _recoloured(seen: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    grey = seen.mean(-1, keepdims=True)
    made: NDArray[np.floating] = grey + (seen - grey) * rng.uniform(0.2, 1.5)
    made = made * rng.uniform(0.75, 1.25, 3) * rng.uniform(0.65, 1.25) + rng.normal(0, 10)
    if rng.random() < 0.3:
        made = cv2.GaussianBlur(made, (0, 0), rng.uniform(0.3, 1.1))
    if rng.random() < 0.4:
        made = made + rng.normal(0, rng.uniform(1, 8), (*seen.shape[:2], 1))
    return made.clip(0, 255).astype(np.uint8)
