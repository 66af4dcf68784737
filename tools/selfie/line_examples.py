"""What the first reader of a card's number is learned from: lines cut out of rendered cards, each changed differently
every time. Writes nothing.

The cards are of the variety to learn from, but for the lettering of the number: that is one of many outline fonts, so
that digits are learned and not three letterings. The fonts that are kept apart for tests are none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import CARD
from pipeline.selfie.card.number_line import number_line
from pipeline.simulate.photos import canvas
from pipeline.simulate.photos.cards import card_print, held
from pipeline.simulate.photos.cards.card_fonts import Font, angular, outline_file
from pipeline.simulate.photos.cards.card_selfie import camera
from pipeline.simulate.photos.cards.card_variety import LEARNT, Variety
from pipeline.simulate.photos.face_sources import Image
from tools.selfie.card_pictures import some_number

#: Pictures that are taken of one card; its width there, in pixels; and by how many radians it is turned and tilted.
_PICTURES, _WIDTHS, _ROLL, _TILT = 4, (190, 560), 0.12, 0.42
#: How far found corners are off, in shares of the card's width: all of them together, and each alone.
_OFF, _EACH = 0.006, 0.005
#: Share of numbers that are any sixteen digits, so that the form of a NIK is not learned by heart.
_ANY = 0.5
#: Share of lines with a spot over a part of them.
_SPOTS = 0.12


@dataclass(frozen=True)
class Line:
    """A line [48, 256], grey, as the reader sees it, and the number on it."""

    picture: NDArray[np.uint8]
    number: str


def lettering(fonts: Path) -> list[Font]:
    """The outline fonts in a folder, and the learnt variety's own letterings many times."""
    found = sorted(path for kind in ("*.ttf", "*.otf") for path in fonts.rglob(kind))
    drawn = [angular(weight, gap) for weight in (9, 11, 13) for gap in (1.2, 2.0, 2.8)]
    return [outline_file(path) for path in found] + 4 * (list(LEARNT.numbers) + drawn)


def lines(letterings: Sequence[Font], count: int, seed: int) -> Iterator[Line]:
    """So many lines, of a quarter as many cards."""
    for at in range(0, count, _PICTURES):
        rng = np.random.default_rng([seed, at])
        number = some_number(rng) if rng.random() > _ANY else "".join(str(d) for d in rng.integers(0, 10, 16))
        variety = replace(LEARNT, numbers=(letterings[int(rng.integers(len(letterings)))],))
        portrait = np.full((312, 222, 3), rng.integers(60, 200), np.uint8)
        flat = card_print.printed(number, portrait, variety, rng)
        for _ in range(min(_PICTURES, count - at)):
            yield Line(_seen(flat, variety, rng), number)


def _seen(flat: Image, variety: Variety, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The line on a picture of this card, cut by corners that are a little off."""
    size, wide = (flat.shape[1], flat.shape[0]), float(rng.uniform(*_WIDTHS))
    side = round(1.25 * wide)
    ground = np.full((side, side, 3), rng.integers(20, 235, 3), np.uint8)
    quarter = rng.choice([0, 0.5, 1, 1.5], p=[0.79, 0.07, 0.07, 0.07]) * np.pi
    yaw, pitch = rng.uniform(-_TILT, _TILT, 2)
    pose = held.Pose((side / 2, side / 2), wide, float(quarter + rng.normal(0, _ROLL)), float(yaw), float(pitch))
    image = canvas.light(held.lay(ground, flat, pose, rng), rng)
    corners = held.through(held.homography(pose, size), np.array(CARD.corners) * size)
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        corners[:, 0] = side - 1 - corners[:, 0]
    data = np.frombuffer(camera(image, variety, rng, scale=1.0), np.uint8)
    corners += rng.normal(0, _OFF * wide, 2) + rng.normal(0, _EACH * wide, (4, 2))
    return number_line(np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8), corners)


def varied(line: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """The line a little moved, lit otherwise, blurred, noisy, sometimes with a spot over a part of it."""
    height, width = line.shape
    scale, turn = np.exp(rng.normal(0, (0.02, 0.05))), rng.normal(0, 0.006)
    middle = np.array([width, height]) / 2
    linear = np.array([[1.0, -turn], [turn, 1.0]]) * scale[:, None]
    move = np.column_stack([linear, middle - linear @ middle + rng.normal(0, (2.0, 1.5))])
    made = cv2.warpAffine(line, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    made = made.astype(np.float32)
    if rng.random() < _SPOTS:
        made = _spotted(made, rng)
    if rng.random() < 0.5:
        made = cv2.GaussianBlur(made, (0, 0), rng.uniform(0.3, 2.2), sigmaY=rng.uniform(0.3, 2.2))
    middle_tone = float(made.mean())
    made = (made - middle_tone) * rng.uniform(0.5, 1.3) + middle_tone * rng.uniform(0.6, 1.25)
    if rng.random() < 0.5:
        made = made + rng.normal(0, rng.uniform(1, 7), made.shape).astype(np.float32)
    return np.asarray(made.clip(0, 255), np.float32)


def _spotted(line: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The line with a finger's edge or a reflection over some of its digits, which then nobody can know."""
    height, width = line.shape
    spot = np.zeros((height, width), np.float32)
    middle = int(rng.uniform(0, width)), int(rng.uniform(8, 40))
    axes = int(rng.uniform(6, 40)), int(rng.uniform(10, 40))
    cv2.ellipse(spot, middle, axes, 0, 0, 360, 1.0, -1)
    share = cv2.GaussianBlur(spot, (0, 0), rng.uniform(1, 6)) * np.float32(rng.uniform(0.5, 1))
    return np.asarray(line * (1 - share) + np.float32(rng.uniform(60, 255)) * share, np.float32)
