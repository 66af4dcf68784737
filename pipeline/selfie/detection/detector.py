"""Finds faces with MediaPipe's BlazeFace (Apache-2.0): boxes, six key points, scores. Looks at pixels, touches no file.

Decoding of anchors and the weighted suppression follow MediaPipe's calculators (ssd_anchors, tensors_to_detections,
non_max_suppression). All coordinates are pixels of the picture that was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.tflite import model

SHORT = "face_detection_short_range.tflite"
BACK = "face_detection_back.tflite"
FULL = "face_detection_full_range.tflite"
# anchors per cell and stride of each feature map
_MAPS = {SHORT: ((2, 8), (6, 16)), BACK: ((2, 16), (6, 32)), FULL: ((1, 4),)}
PIXELS = (127.5,), 127.5  # mean and scale: the detectors see −1 to 1
MIN_SCORE = 0.5  # MediaPipe's own
#: A picture this many times as large as the detector's is halved first: that costs a quarter of one uneven step.
HALVE = 4
SUPPRESSION = 0.3  # intersection over union from which two boxes are one face (MediaPipe's own)


@dataclass(frozen=True)
class Detection:
    """``box`` x0, y0, x1, y1; ``points`` [6, 2]: right eye, left eye, nose, mouth, right ear, left ear (the person's
    own)."""

    box: NDArray[np.float32]
    points: NDArray[np.float32]
    score: float

    @property
    def side(self) -> float:
        """The longer side of the box, pixels."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def centre(self) -> NDArray[np.float32]:
        """The middle of the box, pixels."""
        return np.asarray((self.box[:2] + self.box[2:]) / 2, np.float32)


@cache
def _anchors(name: str, side: int) -> NDArray[np.float32]:
    parts = []
    for repeats, stride in _MAPS[name]:
        cells = (np.arange(side // stride, dtype=np.float32) + 0.5) * stride / side
        grid = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2)
        parts.append(np.repeat(grid, repeats, axis=0))
    return np.concatenate(parts)


def _overlap(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return np.asarray(shared / (np.prod(box[2:] - box[:2]) + areas - shared + 1e-12), dtype=np.float32)


def merge(coordinates: NDArray[np.float32], scores: NDArray[np.float32]) -> list[Detection]:
    """Weighted non-maximum suppression: [n, 16] boxes and points, [n] scores → one detection per face, best first."""
    faces = []
    order = np.argsort(-scores, kind="stable")
    while len(order):
        same = _overlap(coordinates[order[0], :4], coordinates[order, :4]) > SUPPRESSION
        same[0] = True
        weights = scores[order[same]][:, None]
        mean = np.asarray((coordinates[order[same]] * weights).sum(0) / weights.sum(), dtype=np.float32)
        faces.append(Detection(mean[:4], mean[4:].reshape(6, 2), float(scores[order[0]])))
        order = order[~same]
    return faces


def _halved(image: NDArray[np.uint8], limit: int) -> NDArray[np.uint8]:
    """The picture, halved until its long side is at most ``limit``."""
    while max(image.shape[:2]) > limit:
        size = max(1, image.shape[1] // 2), max(1, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return image


def detect(
    image: NDArray[np.uint8], name: str = SHORT, min_score: float = MIN_SCORE, margin: float = 0.0
) -> list[Detection]:
    """Faces of an RGB picture, best first. ``margin`` adds that share of the long side around it, so that a face which
    fills the picture gets the surroundings that the detector was trained with."""
    network = model(name, *PIXELS)
    height, width = image.shape[:2]
    span = max(height, width) * (1 + 2 * margin)
    scale = network.side / span
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(_halved(image, HALVE * network.side), size, interpolation=cv2.INTER_AREA)
    left, top = (network.side - small.shape[1]) // 2, (network.side - small.shape[0]) // 2
    canvas = np.zeros((network.side, network.side, 3), np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    raw, logits = network(canvas)
    scores = np.asarray(1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80))), np.float32)
    keep = scores >= min_score
    if not keep.any():
        return []
    offsets = raw.reshape(len(scores), 8, 2)[keep] / network.side
    anchors = _anchors(name, network.side)[keep]
    centre, half = offsets[:, 0] + anchors, offsets[:, 1] / 2
    relative = np.concatenate(
        [(centre - half)[:, None], (centre + half)[:, None], offsets[:, 2:] + anchors[:, None]], axis=1
    )
    x_scale, y_scale = width / small.shape[1], height / small.shape[0]
    pixels = (relative * network.side - (left, top)) * (x_scale, y_scale)
    return merge(pixels.reshape(-1, 16).astype(np.float32), scores[keep])
