"""Smooth outlines on a head, and cloth that fills them. Pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.canvas import Scene, multiply, paint, polygon
from pipeline.simulate.photos.face_sources import Image

Points = NDArray[np.float64]
DOWN = np.array([0.0, 1.0])
CLOTH = ((20, 20, 24), (32, 40, 76), (110, 24, 30), (46, 62, 44), (96, 88, 78), (150, 146, 140), (70, 36, 80))


def curve(points: list[tuple[float, float]], *, closed: bool = True, steps: int = 12) -> Points:
    """A smooth line through points (Catmull-Rom)."""
    p = np.array(points, dtype=np.float64)
    p = np.vstack([p[-1], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack(parts)


@dataclass(frozen=True)
class Edges:
    """Edges of the face in the head's axes."""

    left: float
    right: float
    hairline: float
    brow: float

    @classmethod
    def of(cls, scene: Scene) -> Edges:
        """The edges of a scene's head."""
        left, right, hairline, brow = (scene.head(point) for point in (234, 454, 10, 105))
        return cls(float(left[0]), float(right[0]), float(hairline[1]), float(brow[1]))

    @property
    def middle(self) -> float:
        return (self.right + self.left) / 2

    @property
    def half(self) -> float:
        """Half of the face's width."""
        return (self.right - self.left) / 2


def fabric(
    scene: Scene, outline: Points, colour: NDArray[np.float32], rng: np.random.Generator, *, ribs: bool = False
) -> Image:
    """An outline filled with cloth: round shading, weave, a soft shadow below it."""
    shape = scene.image.shape[:2]
    pixels = scene.at(outline)
    mask = polygon(shape, pixels, 0.012 * scene.unit)
    shadow = polygon(shape, scene.at(outline + DOWN * 0.07), 0.05 * scene.unit) * (1 - mask)
    image = multiply(scene.image, 1 - 0.4 * shadow)
    x0, x1 = pixels[:, 0].min(), pixels[:, 0].max()
    across = ((np.arange(shape[1]) - x0) / (x1 - x0 + 1) * 2 - 1).clip(-1, 1)
    lamp = rng.uniform(-0.35, 0.35)
    shade = 0.55 + 0.6 * np.sqrt((1 - ((across - lamp) / 1.5) ** 2).clip(0, 1))
    weave = rng.standard_normal(shape, dtype=np.float32)
    weave = cv2.GaussianBlur(weave, (0, 0), 0.8) * 9 + cv2.resize(weave[::16, ::16], shape[::-1]) * 3
    if ribs:
        weave = weave + 14 * np.sign(np.sin(across * 34))[None, :]
    cloth = colour * shade[None, :, None] + weave[:, :, None]
    return paint(image, mask, cloth)
