"""Drapes a head scarf over a photograph: cloth around the face from the hairline to below the chin, ears and hair
covered. A rendering, placed by the mesh: how a real hijab falls, and what it does to the light, it does not know."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.detection.mesh import Mesh
from tools.selfie.render import Picture

#: The mesh's outline of the face, clockwise from the middle of the forehead.
_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_CLOTH = ((28, 28, 32), (236, 232, 224), (62, 74, 110), (120, 60, 70), (96, 110, 92), (188, 160, 130), (70, 58, 52))
_FINE = 16  # parts of a pixel in which outlines are drawn


def draped(picture: Picture, mesh: Mesh, rng: np.random.Generator) -> Picture:
    """The person in a scarf."""
    points = mesh.points[:, :2].astype(np.float64)
    down = points[152] - points[10]
    height = float(np.hypot(*down))
    axes = np.column_stack([np.array([down[1], -down[0]]) / height, down / height])  # across, down
    middle = points[list(_OVAL)].mean(0)
    local = (points[list(_OVAL)] - middle) @ axes / height
    face = local * [0.94, 0.97]
    face[:, 1] = np.maximum(face[:, 1], np.percentile(local[:, 1], 0) + rng.uniform(0.06, 0.11))  # over the hairline
    half = float(np.abs(local[:, 0]).max())
    angle = np.linspace(np.pi, 2 * np.pi, 30)
    hood = np.column_stack([1.42 * half * np.cos(angle), 0.78 * np.sin(angle)])
    shoulders = np.array([[1.5 * half, 0.35], [1.75 * half, 0.7], [2.6 * half, 1.1], [2.9 * half, 3.0]])
    outline = np.vstack([hood, shoulders, shoulders[::-1] * [-1, 1]])
    shape = picture.shape[:2]

    def filled(drawn: NDArray[np.float64], soft: float) -> NDArray[np.float32]:
        mask = np.zeros(shape, np.uint8)
        line = np.round((middle + drawn * height @ axes.T) * _FINE).astype(np.int32)
        cv2.fillPoly(mask, [line], 255, cv2.LINE_AA, 4)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.6, soft * height)).astype(np.float32) / 255)

    hole = filled(face, 0.006)
    cloth = filled(outline, 0.012) * (1 - hole)
    shade = 0.72 + 0.28 * (1 - cv2.GaussianBlur(hole, (0, 0), 0.06 * height))  # darker where it meets the face
    lit = float(np.median(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[hole > 0.5])) / 160 if (hole > 0.5).any() else 1.0
    colour = np.array(_CLOTH[int(rng.integers(len(_CLOTH)))], np.float32) * np.clip(lit, 0.5, 1.2)
    painted = colour * (shade * _folds(shape, middle, axes / height, rng))[..., None] + rng.normal(0, 2, (*shape, 1))
    mixed = picture.astype(np.float32) * (1 - cloth[..., None]) + painted.clip(0, 255) * cloth[..., None]
    return np.asarray(mixed + 0.5, np.uint8)


def _folds(
    shape: tuple[int, ...], middle: NDArray[np.float64], axes: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Light and dark bands around the face, as cloth that is drawn together below the chin has."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    local = (np.stack([x, y], -1) - middle.astype(np.float32)) @ axes.astype(np.float32)
    far = np.hypot(local[..., 0] * 1.3, local[..., 1])
    around = np.arctan2(local[..., 0], local[..., 1])
    waves = np.sin(far * rng.uniform(14, 24) + 1.6 * np.sin(around * 2 + rng.uniform(0, 6)) + rng.uniform(0, 6))
    return np.asarray(1 + 0.14 * waves + 0.06 * np.sin(far * 41 + around * 3), np.float32)
