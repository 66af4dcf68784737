"""Glasses drawn on the nose. Pixels only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.accessories.outlines import DOWN, Points, curve
from pipeline.simulate.photos.canvas import Scene, multiply, paint, polygon
from pipeline.simulate.photos.face_sources import Image

_SHADE = np.array([0.02, 0.05])  # from a frame to its shadow
_FRAMES = ((22, 20, 22), (58, 34, 22), (30, 36, 60), (120, 112, 100))


def glasses(scene: Scene, rng: np.random.Generator) -> Image:
    """Glasses on the nose: frame, bridge, arms to the ears, reflections; every third pair has dark lenses."""
    dark = rng.random() < 0.35
    # the four corners of the two eyes, from left to right
    outer_left, inner_left, inner_right, outer_right = (scene.head(i) for i in (33, 133, 362, 263))
    centres = [(outer_left + inner_left) / 2, (inner_right + outer_right) / 2]
    ears = [scene.head(234), scene.head(454)]
    lenses = _lenses(centres, ears, rng)
    thick = rng.uniform(0.05, 0.085)
    colour = np.array(_FRAMES[int(rng.integers(len(_FRAMES)))], np.float32)
    shadow = sum(_line(scene, lens + _SHADE, thick, closed=True) for lens in lenses)
    shadow = cv2.GaussianBlur(np.asarray(shadow, np.float32).clip(0, 1), (0, 0), max(1.0, 0.03 * scene.unit))
    image = multiply(scene.image, 1 - 0.35 * shadow)
    for lens in lenses:
        image = _glass(image, scene, lens, rng, dark=dark)
    mask = _frame(scene, lenses, ears, float(centres[0][1] + centres[1][1]) / 2, thick)
    image = paint(image, mask, colour)
    shine = np.roll(mask, -max(1, round(0.015 * scene.unit)), axis=0) * (1 - mask)
    return paint(image, shine * 0.35, np.array([225, 225, 230]))


def _lenses(centres: list[Points], ears: list[Points], rng: np.random.Generator) -> list[Points]:
    """The outlines of both lenses; of a head that is turned the farther one is narrower."""
    near, far = ears
    squeeze = [abs(near[0]) / (abs(near[0]) + abs(far[0])) * 2, abs(far[0]) / (abs(near[0]) + abs(far[0])) * 2]
    width, height = rng.uniform(0.74, 0.86), rng.uniform(0.52, 0.68)
    power = float(rng.choice([0.55, 0.75, 1.0]))
    return [
        _lens(c + DOWN * 0.06, width * np.clip(s, 0.8, 1.12), height, power)
        for c, s in zip(centres, squeeze, strict=True)
    ]


def _lens(centre: Points, width: float, height: float, power: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    shape = np.column_stack([np.sign(cos) * np.abs(cos) ** power, np.sign(sin) * np.abs(sin) ** power])
    shape[:, 0] *= width / 2 * np.where(shape[:, 1] < 0, 1.03, 0.97)  # a little wider at the top
    shape[:, 1] *= height / 2
    return np.asarray(centre + shape)


def _line(scene: Scene, points: Points, width: float, *, closed: bool = False) -> NDArray[np.float32]:
    mask = np.zeros(scene.image.shape[:2], np.uint8)
    line = np.round(scene.at(points) * 16).astype(np.int32)
    cv2.polylines(mask, [line], closed, 255, max(1, round(width * scene.unit)), cv2.LINE_AA, 4)
    return np.asarray(mask.astype(np.float32) / 255)


def _glass(image: Image, scene: Scene, lens: Points, rng: np.random.Generator, *, dark: bool) -> Image:
    """A lens and the light that it reflects."""
    shape = scene.image.shape[:2]
    inside = polygon(shape, scene.at(lens))
    if dark:
        low, high = scene.at(lens)[:, 1].min(), scene.at(lens)[:, 1].max()
        ramp = ((np.arange(shape[0]) - low) / (high - low + 1)).clip(0, 1)[:, None] * np.ones(shape[1])
        tint = np.array([14, 14, 18], np.float32) + 26 * ramp[:, :, None].astype(np.float32)
        image = paint(image, inside * rng.uniform(0.86, 0.95), tint)
    else:
        image = paint(image, inside * rng.uniform(0.06, 0.14), np.array([190, 205, 215]))
    x0, x1, y0, y1 = lens[:, 0].min(), lens[:, 0].max(), lens[:, 1].min(), lens[:, 1].max()
    left = rng.uniform(0.05, 0.45)
    wide = rng.uniform(0.1, 0.25)
    streak = np.array([[left, 0], [left + wide, 0], [left + wide - 0.3, 1], [left - 0.3, 1]])
    streak = streak * [x1 - x0, y1 - y0] + [x0, y0]
    glare = polygon(shape, scene.at(streak), 0.03 * scene.unit) * inside
    return paint(image, glare * rng.uniform(0.25, 0.55), np.array([245, 248, 255]))


def _frame(scene: Scene, lenses: list[Points], ears: list[Points], y: float, thick: float) -> NDArray[np.float32]:
    """The mask of the rims, of the bridge at height ``y``, and of the arms to the ears."""
    frame = sum(_line(scene, lens, thick, closed=True) for lens in lenses)
    inner = [lenses[0][:, 0].max(), lenses[1][:, 0].min()]
    bridge = curve([(inner[0] - 0.02, y), ((inner[0] + inner[1]) / 2, y - 0.09), (inner[1] + 0.02, y)], closed=False)
    frame = frame + _line(scene, bridge, thick)
    for lens, ear, side in zip(lenses, ears, (-1, 1), strict=True):
        hinge = np.array([lens[:, 0].min() if side < 0 else lens[:, 0].max(), y - 0.1])
        frame = frame + _line(scene, np.array([hinge, [ear[0] + side * 0.06, min(ear[1], y) - 0.02]]), thick)
    return np.asarray(frame, np.float32).clip(0, 1)
