"""Places a face on a picture of its own: crop, scale, turn and surroundings; light, colour, noise. Touches no file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.face_sources import Image, Portrait


@dataclass
class Scene:
    """A picture being made (RGB) and where the face is on it."""

    image: Image
    points: NDArray[np.float64]  # the 468 mesh points

    @cached_property
    def frame(self) -> NDArray[np.float64]:
        """The head's own axes [2, 3]: (x, y, 1) in eye distances from between the eyes, y down, to pixels."""
        right = (self.points[33] + self.points[133]) / 2
        left = (self.points[362] + self.points[263]) / 2
        across = left - right
        down = np.array([-across[1], across[0]])
        stretch = max(1.0, 0.42 * float(np.linalg.norm(self.points[10] - self.points[152])) / float(np.hypot(*across)))
        return np.column_stack([across * stretch, down * stretch, (left + right) / 2])

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the head's axes in pixels."""
        return np.asarray(points @ self.frame[:, :2].T + self.frame[:, 2])

    def head(self, index: int) -> NDArray[np.float64]:
        """A mesh point in the head's axes."""
        return np.asarray(np.linalg.solve(self.frame[:, :2], self.points[index] - self.frame[:, 2]))

    @property
    def unit(self) -> float:
        """One eye distance in pixels."""
        return float(np.linalg.norm(self.frame[:, 0]))


def place(face: Portrait, width: int, height: int, *, eyes: float, centre: tuple[float, float], turn: float) -> Scene:
    """The face on a canvas: ``eyes`` pixels between its eyes, their middle at ``centre``, ``turn`` radians clockwise.

    Beyond the edges of the source its own edge goes on, carried on and blurred.
    """
    image, enlarged = face.at_scale(eyes / face.span)
    scale = eyes / face.span / enlarged
    angle = turn - face.roll
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    middle = face.eyes.mean(0) * enlarged
    move = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    move[:, 2] = np.array(centre) - move[:, :2] @ middle
    sharp = _warp(image, move, width, height, cv2.BORDER_REPLICATE)
    inside = _warp(np.full(image.shape[:2], 255, np.uint8), move, width, height, cv2.BORDER_CONSTANT)
    if inside.min() < 255:
        small = _warp(image, move / 8, width // 8, height // 8, cv2.BORDER_REFLECT)
        soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 4), (width, height))
        edge = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=2, borderValue=255)
        weight = cv2.GaussianBlur(edge, (0, 0), max(2.0, eyes * 0.06)).astype(np.float32) / 127.5 - 1
        sharp = paint(soft, weight.clip(0, 1), sharp)
    points = face.points.astype(np.float64) * enlarged @ move[:, :2].T + move[:, 2]
    return Scene(np.ascontiguousarray(sharp), points)


def _warp(image: Image, move: NDArray[np.float64], width: int, height: int, border: int) -> Image:
    return np.asarray(
        cv2.warpAffine(image, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=border), dtype=np.uint8
    )


def light(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Another lamp: exposure, contrast, warmth, a gradient across the picture."""
    gain = 2 ** rng.normal(0, 0.18 * strength)
    warm = rng.normal(0, 0.04 * strength)
    gamma = 2 ** rng.normal(0, 0.15 * strength)
    table = (np.linspace(0, 1, 256)[:, None] ** gamma * gain * np.array([1 + warm, 1.0, 1 - warm])).clip(0, 1) * 255
    out = cv2.LUT(image, np.ascontiguousarray(table.reshape(1, 256, 3).astype(np.uint8)))
    height, width = image.shape[:2]
    slope = rng.normal(0, 0.10 * strength, 2)
    ramp = 1 + slope[0] * np.linspace(-1, 1, width)[None, :] + slope[1] * np.linspace(-1, 1, height)[:, None]
    return multiply(out, ramp)


def multiply(image: Image, factor: NDArray[np.floating]) -> Image:
    """The picture darkened or lightened pixel by pixel."""
    by = cv2.merge([np.ascontiguousarray(factor, dtype=np.float32)] * 3)
    return np.asarray(cv2.multiply(image, by, dtype=cv2.CV_8U), dtype=np.uint8)


@cache
def _noise() -> NDArray[np.float32]:
    """Noise for all pictures, made once: each picture uses another part of it."""
    return np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)


def grain(image: Image, rng: np.random.Generator, sigma: float) -> Image:
    """Sensor noise."""
    height, width = image.shape[:2]
    top, left = (int(v) for v in rng.integers(0, [1025 - height, 1025 - width]))
    noise = np.rint(_noise()[top : top + height, left : left + width] * np.float32(sigma)).astype(np.int16)
    return np.asarray(cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U), dtype=np.uint8)


def paint(image: Image, mask: NDArray[np.floating], colour: Image | NDArray[np.floating]) -> Image:
    """Lays ``colour`` (one, or one for each pixel) over the picture where ``mask`` (0–1) says."""
    alpha = np.ascontiguousarray(mask, dtype=np.float32)
    over = np.asarray(colour)
    if over.dtype != np.uint8:
        over = np.rint(over.clip(0, 255)).astype(np.uint8)
    if over.shape != image.shape:
        over = np.full_like(image, over)
    return np.asarray(cv2.blendLinear(over, np.ascontiguousarray(image), alpha, 1 - alpha), dtype=np.uint8)


def polygon(shape: tuple[int, int], points: NDArray[np.float64], soft: float = 0.0) -> NDArray[np.float32]:
    """A filled polygon as a mask 0–1, anti-aliased, its edge softened by ``soft`` pixels."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if soft > 0.3:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return np.asarray(mask.astype(np.float32) / 255)
