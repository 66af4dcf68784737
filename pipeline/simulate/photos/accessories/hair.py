"""Long hair, or a hood's edge, drawn in front of the ears. Pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.accessories.outlines import CLOTH, Edges, Points, curve, fabric
from pipeline.simulate.photos.canvas import Scene, multiply, paint, polygon
from pipeline.simulate.photos.face_sources import Image

_HAIR = ((28, 22, 20), (42, 30, 24), (18, 16, 18), (60, 42, 30), (75, 70, 68))


@dataclass(frozen=True)
class _Lock:
    """Hair on one side of the head: its outline, and the two edges of it, both from the crown down."""

    outline: Points
    inside: Points
    outside: Points


def hair_over_ears(scene: Scene, rng: np.random.Generator) -> Image:
    """Long hair, or a hood's edge, in front of both ears, from the crown to below the jaw."""
    edges = Edges.of(scene)
    middle, hairline = edges.middle, edges.hairline
    chin = float(scene.head(152)[1])
    image = scene.image
    cloth = rng.random() < 0.25
    palette = CLOTH if cloth else _HAIR
    colour = np.array(palette[int(rng.integers(len(palette)))], np.float32)
    length = chin + rng.uniform(0.1, 0.9)
    for side, edge in ((-1, edges.left), (1, edges.right)):
        wave = rng.uniform(-0.06, 0.06, 4)
        inner = [
            (middle + side * 0.15, hairline - 0.28),
            (edge - side * 0.34, hairline + 0.2 + wave[0]),
            (edge - side * 0.06, 0.25 + wave[1]),
            (edge - side * 0.05, chin * 0.6),
            (edge + side * (0.0 + wave[2]), length),
        ]
        outer = [
            (edge + side * 0.55, length),
            (edge + side * 0.6, chin * 0.55),
            (edge + side * 0.55, 0.2),
            (edge + side * 0.38, hairline - 0.05),
            (edge - side * 0.1, hairline - 0.52),
            (middle, hairline - 0.66),
        ]
        inside, outside = curve(inner, closed=False), curve(outer, closed=False)
        outline = np.vstack([inside, np.array(inner[-1:]), outside, np.array(outer[-1:])])
        if cloth:
            image = fabric(Scene(image, scene.points), outline, colour, rng)
        else:
            image = _strands(Scene(image, scene.points), _Lock(outline, inside, outside[::-1]), colour, rng)
    return image


def _strands(scene: Scene, lock: _Lock, colour: NDArray[np.float32], rng: np.random.Generator) -> Image:
    """A lock of hair, filled with strands that run between its two edges."""
    shape = scene.image.shape[:2]
    mask = polygon(shape, scene.at(lock.outline), 0.015 * scene.unit)
    shadow = polygon(shape, scene.at(lock.outline), 0.09 * scene.unit) * (1 - mask)
    image = paint(multiply(scene.image, 1 - 0.45 * shadow), mask, colour)
    steps = np.linspace(0, 1, 14)
    inner, outer = _at(lock.inside, steps), _at(lock.outside, steps)
    layer = image.copy()
    for t in np.sort(rng.uniform(-0.04, 1.02, 90)):
        strand = inner * (1 - t) + outer * t + rng.normal(0, 0.012, (len(steps), 2)).cumsum(0) * 0.6
        tone = colour * rng.uniform(0.6, 1.3) + (28 * np.exp(-((t - 0.45) ** 2) / 0.02)) * rng.uniform(0.2, 1)
        points = np.round(scene.at(strand) * 16).astype(np.int32)
        thick = max(1, round(scene.unit * rng.uniform(0.008, 0.03)))
        ink = tuple(float(c) for c in tone.clip(0, 255))
        cv2.polylines(layer, [points], isClosed=False, color=ink, thickness=thick, lineType=cv2.LINE_AA, shift=4)
    return paint(image, np.ones(shape, np.float32) * 0.9, layer)


def _at(line: Points, steps: NDArray[np.float64]) -> Points:
    """The points of a line at these shares of its length in points."""
    along = np.linspace(0, 1, len(line))
    return np.column_stack([np.interp(steps, along, line[:, k]) for k in (0, 1)])
