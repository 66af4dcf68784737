"""Renders a selfie with an identity card in the hand, or with something else or nothing, and says what is on it.

A function of its arguments alone. The card is of somebody who does not exist (``card_print.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import CARD, NUMBER, PORTRAIT, Box
from pipeline.simulate.photos import canvas
from pipeline.simulate.photos.canvas import Scene, paint
from pipeline.simulate.photos.cards import card_print, held, no_cards
from pipeline.simulate.photos.cards.card_variety import Variety
from pipeline.simulate.photos.face_sources import Image, Portrait

Shown = Literal["card", "other", "nothing"]

_MIRRORED = 0.35  # share of front cameras that mirror what they save
_GLARE = 0.15
_QUIET = 0.02  # a finger or a glare over more than this share of the number covers it


@dataclass(frozen=True)
class CardTruth:
    """What a rendering shows. ``corners``, ``portrait``: [4, 2] pixels, in the card's own order (upper left of the
    print first); ``digit_height`` in pixels; ``covered``: a finger or a glare lies over the number."""

    corners: NDArray[np.float64]
    portrait: NDArray[np.float64]
    digit_height: float
    covered: bool
    mirrored: bool


def card_selfie(
    scene: Scene,
    portrait: Image,
    number: str,
    *,
    shown: Shown,
    variety: Variety,
    rng: np.random.Generator,
    hidden: bool = False,
) -> tuple[bytes, CardTruth | None]:
    """A JPEG as a telephone takes it, and the truth of it (None without a card). ``portrait``: the card's own;
    ``hidden``: a lamp's reflection lies over most of its number."""
    image, truth = scene.image.copy(), None
    width = image.shape[1]
    if shown == "nothing":
        pass
    elif shown == "other":
        flat = no_cards.thing(variety.others[rng.integers(len(variety.others))], rng)
        _in_hand(image, scene, flat, variety, rng)
    else:
        flat = card_print.printed(number, portrait, variety, rng)
        flat = card_print.number_hidden(flat, rng) if hidden else flat
        truth = _in_hand(image, scene, flat, variety, rng, glare=rng.random() < _GLARE)
    image = canvas.light(image, rng)
    if rng.random() < _MIRRORED:
        image = np.ascontiguousarray(image[:, ::-1])
        truth = _mirror(truth, width) if truth else None
    return camera(image, variety, rng, image.shape[1] / 1080), truth


def _in_hand(
    image: Image, scene: Scene, flat: Image, variety: Variety, rng: np.random.Generator, *, glare: bool = False
) -> CardTruth:
    """Lays the flat picture into the image, in place, with fingers over it. Only the part around it is painted."""
    pose = held.some_pose(image.shape[:2], float(scene.points[152, 1]), variety, rng)
    size = flat.shape[1], flat.shape[0]
    reach = pose.width * 0.95
    low = np.clip(np.array(pose.centre) - reach, 0, None).astype(int)
    part = image[low[1] : int(pose.centre[1] + reach), low[0] : int(pose.centre[0] + reach)]
    near = replace(pose, centre=(pose.centre[0] - low[0], pose.centre[1] - low[1]))
    made, over = held.fingers(held.lay(part, flat, near, rng), near, size, variety, rng)
    matrix = held.homography(near, size)
    if glare:
        made, shine = _glare(made, matrix, rng)
        over = np.maximum(over, shine)
    part[:] = made
    truth = _truth(matrix, over)
    return replace(truth, corners=truth.corners + low, portrait=truth.portrait + low)


def backdrop(face: Portrait, width: int, rng: np.random.Generator, turn: float | None = None) -> Scene:
    """A selfie of this person, ``width`` by 4/3 of it, with room for a card; ``turn``: radians by which the head is
    held aslant, None: nearly upright."""
    height = round(width * 4 / 3)
    share = rng.uniform(0.13, 0.21)
    centre = (width * rng.uniform(0.38, 0.62), height * rng.uniform(0.3, 0.42))
    upright = float(np.clip(rng.normal(0, 0.05), -0.12, 0.12))
    return canvas.place(face, width, height, eyes=width * share, centre=centre, turn=upright if turn is None else turn)


def small_portrait(face: Portrait) -> Image:
    """The face as a card shows it, on red or blue."""
    return canvas.place(face, 222, 312, eyes=62, centre=(111, 140), turn=0.0).image


def _placed(box: Box, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return held.through(matrix, np.array(box.corners) * (card_print.WIDTH, card_print.HEIGHT))


def _truth(matrix: NDArray[np.float64], over: NDArray[np.float32]) -> CardTruth:
    number = _placed(NUMBER, matrix)
    high = float(np.linalg.norm(number[3] - number[0]) + np.linalg.norm(number[2] - number[1])) / 2
    inside = canvas.polygon(over.shape, number) > 0.5
    hidden = float((over[inside] > 0.3).mean()) if inside.any() else 1.0
    return CardTruth(_placed(CARD, matrix), _placed(PORTRAIT, matrix), high, hidden > _QUIET, mirrored=False)


def _mirror(truth: CardTruth, width: int) -> CardTruth:
    def flipped(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([width - 1 - points[:, 0], points[:, 1]])

    return replace(truth, corners=flipped(truth.corners), portrait=flipped(truth.portrait), mirrored=True)


def _glare(image: Image, matrix: NDArray[np.float64], rng: np.random.Generator) -> tuple[Image, NDArray[np.float32]]:
    """A lamp's reflection on the card."""
    spot = held.through(matrix, rng.uniform(0.1, 0.9, (1, 2)) * (card_print.WIDTH, card_print.HEIGHT))[0]
    wide = float(np.linalg.norm(_placed(CARD, matrix)[1] - _placed(CARD, matrix)[0]))
    mask = np.zeros(image.shape[:2], np.uint8)
    axes = (round(wide * rng.uniform(0.05, 0.16)), round(wide * rng.uniform(0.03, 0.09)))
    cv2.ellipse(mask, tuple(int(v) for v in np.round(spot)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), wide * 0.03).astype(np.float32) / 255 * rng.uniform(0.5, 1)
    return paint(image, soft, np.full(3, 252.0)), soft


def camera(image: Image, variety: Variety, rng: np.random.Generator, scale: float) -> bytes:
    """Out of focus, shaken, noisy, compressed: each a little. ``scale``: 1 for a picture 1,080 pixels wide."""
    soft = rng.uniform(*variety.blur) * scale
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), max(soft, 0.05)), np.uint8)
    length = round(1 + rng.uniform(*variety.motion) * scale)
    if length > 1:
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        image = np.asarray(cv2.filter2D(image, -1, kernel if rng.random() < 0.5 else kernel.T), np.uint8)
    noise = np.empty((image.shape[0] // 2 + 1, image.shape[1] // 2 + 1, 3), np.int16)
    noise[:] = np.rint(rng.standard_normal(noise.shape[:2], dtype=np.float32)[..., None] * rng.uniform(*variety.noise))
    whole = np.tile(noise, (2, 2, 1))[: image.shape[0], : image.shape[1]]
    image = np.asarray(cv2.add(image, whole, dtype=cv2.CV_8U), np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*variety.quality))]
    if variety.chroma[rng.integers(len(variety.chroma))] == "422":
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()
