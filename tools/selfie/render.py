"""Renders faults into clean photographs, in lengths of the face and in linear light, as a camera would meet them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie import align
from pipeline.selfie.detection.mesh import Mesh

Picture = NDArray[np.uint8]


def unit_of(mesh: Mesh) -> float:
    """Pixels per unit (see pipeline.selfie.features) in the picture."""
    forward = align.similarity(mesh.points[list(align.FIVE), :2], align.MEAN_FACE)
    return 1 / float(np.hypot(forward[0, 0], forward[1, 0]))


def jpeg(picture: Picture, quality: int) -> Picture:
    """Through JPEG."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    found = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert found is not None  # it was written just now
    return np.ascontiguousarray(found[..., ::-1])


def gaussian(picture: Picture, mesh: Mesh, strength: float) -> Picture:
    """Out of focus: ``strength`` is sigma in units."""
    sigma = strength * unit_of(mesh)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def motion(picture: Picture, mesh: Mesh, strength: float, angle: float) -> Picture:
    """A straight movement of ``strength`` units during the exposure, at ``angle`` radians."""
    length = max(2.0, strength * unit_of(mesh))
    side = int(length) // 2 * 2 + 3
    kernel = np.zeros((side * 4, side * 4), np.float32)
    middle = np.array([side * 2, side * 2])
    half = np.array([np.cos(angle), np.sin(angle)]) * length * 2
    start, end = np.round(middle - half).astype(int), np.round(middle + half).astype(int)
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0, 4)
    kernel = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _relit(picture: Picture, gain: NDArray[np.float32] | float) -> Picture:
    linear = (picture.astype(np.float32) / 255) ** 2.2
    gains = gain[..., None] if isinstance(gain, np.ndarray) else gain
    return np.asarray(np.clip((linear * gains).clip(0, 1) ** (1 / 2.2) * 255 + 0.5, 0, 255), np.uint8)


def underexposed(picture: Picture, gain: float) -> Picture:
    """Too little light: every pixel times ``gain``."""
    return _relit(picture, gain)


def _across(picture: Picture, mesh: Mesh, angle: float) -> NDArray[np.float32]:
    """Distance of every pixel from the middle of the face, along ``angle``, in units."""
    middle = mesh.points[:, :2].mean(0)
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    return np.asarray(((x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)) / unit_of(mesh), np.float32)


def shadow(picture: Picture, mesh: Mesh, *, gain: float, angle: float, place: float, softness: float) -> Picture:
    """A shadow's edge across the face: beyond ``place`` units from its middle only ``gain`` of the light is left."""
    lit = 1 / (1 + np.exp(np.clip((_across(picture, mesh, angle) - place) / max(softness, 1e-3), -30, 30)))
    return _relit(picture, np.asarray(gain + (1 - gain) * lit, np.float32))


def backlit(picture: Picture, mesh: Mesh, gain: float) -> Picture:
    """Light from behind: the person darkened, what is behind brighter."""
    unit = unit_of(mesh)
    mask = np.zeros(picture.shape[:2], np.float32)
    x, y = mesh.points[:, :2].mean(0)
    axes = int(0.95 * unit), int(1.25 * unit)
    cv2.ellipse(mask, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1)
    cv2.ellipse(mask, (int(x), int(y + 3.0 * unit)), (int(1.9 * unit), int(2.2 * unit)), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.12 * unit)
    return _relit(picture, np.asarray(gain * mask + 1.6 * (1 - mask), np.float32))


def some_blur(picture: Picture, mesh: Mesh, rng: np.random.Generator) -> Picture:
    """Any blur that makes a photograph useless to a person who compares faces."""
    if rng.random() < 0.5:
        return gaussian(picture, mesh, float(rng.uniform(0.025, 0.09)))
    return motion(picture, mesh, float(rng.uniform(0.1, 0.35)), float(rng.uniform(0, np.pi)))


def some_darkness(picture: Picture, mesh: Mesh, rng: np.random.Generator) -> Picture:
    """Too dark, a hard shadow, harsh side light, or backlit."""
    makers: list[Callable[[], Picture]] = [
        lambda: underexposed(picture, float(rng.uniform(0.02, 0.1))),
        lambda: shadow(
            picture,
            mesh,
            gain=float(rng.uniform(0.03, 0.16)),
            angle=float(rng.uniform(0, 2 * np.pi)),
            place=float(rng.uniform(-0.2, 0.2)),
            softness=float(rng.uniform(0.01, 0.1)),
        ),
        lambda: shadow(
            picture,
            mesh,
            gain=float(rng.uniform(0.02, 0.1)),
            angle=float(rng.choice([0, np.pi]) + rng.normal(0, 0.3)),
            place=float(rng.uniform(-0.15, 0.15)),
            softness=float(rng.uniform(0.1, 0.25)),
        ),
        lambda: backlit(picture, mesh, float(rng.uniform(0.03, 0.14))),
    ]
    return makers[int(rng.integers(len(makers)))]()


def harmless(picture: Picture, rng: np.random.Generator) -> Picture:
    """What is no fault: another exposure, another JPEG quality."""
    lit = _relit(picture, float(2 ** rng.uniform(-0.8, 0.5)))
    return jpeg(lit, int(rng.integers(55, 96)))
