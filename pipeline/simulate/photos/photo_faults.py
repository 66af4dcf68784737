"""The faults of a photograph, such that a person who looks at it would agree. Pixels only; strengths are never
marginal."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.simulate.photos.accessories.glasses import glasses
from pipeline.simulate.photos.accessories.hair import hair_over_ears
from pipeline.simulate.photos.accessories.headgear import hat
from pipeline.simulate.photos.canvas import Scene, grain, multiply
from pipeline.simulate.photos.face_sources import Image

TILT_DEGREES = (20.0, 40.0)


def tilt(rng: np.random.Generator) -> float:
    """A head tilted to one side: radians."""
    return float(np.radians(rng.uniform(*TILT_DEGREES)) * rng.choice([-1, 1]))


def blur(scene: Scene, rng: np.random.Generator) -> Image:
    """Out of focus, or moved while the shutter was open."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(scene.image, (0, 0), scene.unit * rng.uniform(0.07, 0.11)), dtype=np.uint8)
    length = max(7, round(scene.unit * rng.uniform(0.32, 0.5)))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    half = (length - 1) / 2
    step = np.array([np.cos(angle), np.sin(angle)]) * half
    ends = [tuple(np.round(half + sign * step).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 2, cv2.LINE_AA)
    moved = cv2.filter2D(scene.image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.8), dtype=np.uint8)


def dark(scene: Scene, rng: np.random.Generator) -> Image:
    """Too little light on the whole, or a hard shadow over half of the face."""
    if rng.random() < 0.5:
        low = (scene.image.astype(np.float32) / 255) ** 1.25 * 255 * rng.uniform(0.16, 0.27)
        return grain(low.astype(np.uint8), rng, rng.uniform(2.5, 5))
    height, width = scene.image.shape[:2]
    nose, brow = scene.points[1], scene.points[9]
    along = (nose - brow) / (np.linalg.norm(nose - brow) + 1e-6)
    normal = np.array([along[1], -along[0]]) * rng.choice([-1, 1])
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    far = (x - nose[0]) * normal[0] + (y - nose[1]) * normal[1]
    edge = scene.unit * rng.uniform(0.05, 0.14)
    lit = 1 / (1 + np.exp(-(far + scene.unit * rng.uniform(-0.1, 0.1)) / edge))
    deep = rng.uniform(0.1, 0.2)
    return multiply(scene.image, (deep + (1 - deep) * lit) * rng.uniform(0.7, 0.95))


PAINTED = {
    "blur": blur,
    "dark": dark,
    "glasses": glasses,
    "hat": hat,
    "ears_hidden": hair_over_ears,
}
