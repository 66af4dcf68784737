"""Lays a flat picture into another one as if a hand held it: perspective, light, a shadow, fingers. Pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.canvas import multiply, paint
from pipeline.simulate.photos.cards.card_variety import Variety
from pipeline.simulate.photos.face_sources import Image

_EYE = 4.5  # the camera's distance in widths of the card
_SKIN = (np.array([205.0, 160.0, 132.0]), np.array([120.0, 82.0, 62.0]))


@dataclass(frozen=True)
class Pose:
    """Where the thing is held: its centre and its width in pixels, and its turns in radians."""

    centre: tuple[float, float]
    width: float
    roll: float
    yaw: float
    pitch: float


def some_pose(shape: tuple[int, int], chin: float, variety: Variety, rng: np.random.Generator) -> Pose:
    """Below the chin or beside it, mostly nearly straight; sometimes on its side or on its head."""
    height, width = shape
    wide = width * rng.uniform(*variety.share)
    low = min(chin + 0.1 * wide, height - 0.36 * wide)
    y = rng.uniform(low, height - 0.36 * wide)
    x = rng.uniform(0.5 * wide + 4, width - 0.5 * wide - 4)
    quarter = rng.choice([0, 0.5, 1, 1.5], p=[0.89, 0.03, 0.05, 0.03]) * np.pi
    roll = float(quarter + np.clip(rng.normal(0, 0.14), -0.45, 0.45))
    if abs(np.sin(roll)) > 0.7:
        y = min(y, height - 0.55 * wide)
    return Pose((x, y), wide, roll, float(rng.uniform(-0.42, 0.42)), float(rng.uniform(-0.42, 0.42)))


def homography(pose: Pose, size: tuple[int, int]) -> NDArray[np.float64]:
    """From a flat picture of ``size`` (width, height) to where it is held [3, 3]."""
    w, h = size
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64)
    points = np.column_stack([(flat - [w / 2, h / 2]) / w, np.zeros(4)])
    cy, sy, cp, sp = np.cos(pose.yaw), np.sin(pose.yaw), np.cos(pose.pitch), np.sin(pose.pitch)
    turned = (
        points @ np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    )
    seen = turned[:, :2] * (_EYE / (_EYE + turned[:, 2:]))
    c, s = np.cos(pose.roll), np.sin(pose.roll)
    placed = seen @ np.array([[c, s], [-s, c]]) * pose.width + pose.centre
    return np.asarray(cv2.getPerspectiveTransform(flat.astype(np.float32), placed.astype(np.float32)), np.float64)


def through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [n, 2] through a homography."""
    return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0], np.float64)


def lay(image: Image, flat: Image, pose: Pose, rng: np.random.Generator) -> Image:
    """The flat picture in its place, with a shadow behind it and its own light."""
    height, width = image.shape[:2]
    shrunk = min(1.0, 1.15 * pose.width / flat.shape[1])
    small = cv2.resize(flat, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    matrix = homography(pose, (small.shape[1], small.shape[0]))
    laid = cv2.warpPerspective(small, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.full(small.shape[:2], 255, np.uint8), matrix, (width, height)) / np.float32(255)
    slope = rng.uniform(-0.25, 0.25, 2)
    ramp = 1 + slope[0] * np.linspace(-1, 1, width)[None, :] + slope[1] * np.linspace(-1, 1, height)[:, None]
    laid = multiply(np.asarray(laid, np.uint8), ramp * rng.uniform(0.72, 1.12))
    soft = pose.width * 0.03
    shadow = cv2.GaussianBlur(
        cv2.warpAffine(mask, np.array([[1, 0, soft], [0, 1, soft]], np.float32), (width, height)), (0, 0), soft
    )
    return paint(multiply(image, 1 - 0.4 * shadow), mask, laid)


def fingers(
    image: Image, pose: Pose, size: tuple[int, int], variety: Variety, rng: np.random.Generator
) -> tuple[Image, NDArray[np.float32]]:
    """One to three fingers over the thing's edges; and where they are, as a mask 0–1."""
    matrix = homography(pose, size)
    w, h = size
    skin = _SKIN[0] + (_SKIN[1] - _SKIN[0]) * rng.uniform(0, 1)
    covered = np.zeros(image.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 4))):
        side = rng.choice(["bottom", "left", "right"], p=[0.5, 0.25, 0.25])
        along, deep = rng.uniform(0.08, 0.92), rng.uniform(0.03, 0.2)
        if side == "bottom":
            tip, out = np.array([along * w, h - deep * w]), np.array([rng.uniform(-0.3, 0.3), 1.0])
        else:
            y = rng.uniform(0.35, 0.95) * h
            tip, out = (
                np.array([deep * w if side == "left" else w - deep * w, y]),
                np.array([-1.0 if side == "left" else 1.0, rng.uniform(0, 0.8)]),
            )
        image, mask = _finger(
            image, matrix, tip=tip, out=out / np.linalg.norm(out), w=w, skin=skin, variety=variety, rng=rng
        )
        covered = np.maximum(covered, mask)
    return image, covered


def _finger(
    image: Image,
    matrix: NDArray[np.float64],
    *,
    tip: NDArray[np.float64],
    out: NDArray[np.float64],
    w: int,
    skin: NDArray[np.float64],
    variety: Variety,
    rng: np.random.Generator,
) -> tuple[Image, NDArray[np.float32]]:
    """A capsule from its tip outwards; a jointed one bends and has a nail."""
    thick = w * rng.uniform(0.14, 0.2)
    bend = np.array([-out[1], out[0]]) * (rng.uniform(-0.35, 0.35) if variety.fingers == "jointed" else 0.0)
    path = [tip + out * thick / 2, tip + out * w * 0.3, tip + (out + bend) * w * 0.62]
    path = list(through(matrix, np.array(path)))
    start, end = through(matrix, np.stack([tip, tip + np.array([thick, 0.0])]))
    wide = float(np.linalg.norm(end - start))
    mask = np.zeros(image.shape[:2], np.uint8)
    line = np.round(np.array(path) * 8).astype(np.int32)
    thickness = max(2, round(wide))
    cv2.polylines(mask, [line], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=3)
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32) / 255
    dome = cv2.GaussianBlur(mask, (0, 0), max(1.0, wide * 0.28)).astype(np.float32) / 255
    image = multiply(image, 1 - 0.3 * np.clip(cv2.GaussianBlur(alpha, (0, 0), max(1.0, wide * 0.12)) - alpha, 0, 1))
    image = paint(image, alpha, skin[None, None] * (0.5 + 0.5 * dome[..., None]))
    if variety.fingers == "jointed":
        nail = np.zeros(image.shape[:2], np.uint8)
        spot = tuple(int(v) for v in np.round(path[0]))
        cv2.circle(nail, spot, max(1, round(wide * 0.3)), 255, -1, cv2.LINE_AA)
        image = paint(image, nail.astype(np.float32) / 255 * 0.6, skin * 1.12 + 12)
    return image, alpha
