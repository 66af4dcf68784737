"""MediaPipe's face mesh (Apache-2.0): 468 points of a found face. Looks at pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.detection.detector import Detection
from pipeline.selfie.networks.tflite import model

NAME = "face_landmark.tflite"
PIXELS = (0.0,), 255.0  # mean and scale: the mesh sees 0 to 1
ROI = 1.5  # the box's longer side times this is what the mesh looks at (MediaPipe's own)


@dataclass(frozen=True)
class Mesh:
    """``points`` [468, 3] in pixels (z towards the camera is negative); ``presence`` 0–1: how sure it is a face."""

    points: NDArray[np.float32]
    presence: float


def _square_to_picture(centre: NDArray[np.float32], side: float, roll: float, pixels: int) -> NDArray[np.float64]:
    """The affine map from a square of ``pixels`` to the picture: turned by ``roll``, ``side`` wide, around
    ``centre``."""
    step = side / pixels
    cos, sin = np.cos(roll) * step, np.sin(roll) * step
    half = (pixels - 1) / 2
    return np.array([[cos, -sin, centre[0] - half * cos + half * sin], [sin, cos, centre[1] - half * sin - half * cos]])


def look(image: NDArray[np.uint8], centre: NDArray[np.float32], side: float, roll: float) -> Mesh:
    """The mesh of the face inside a turned square of the picture; ``roll`` in radians, clockwise."""
    network = model(NAME, *PIXELS)
    back = _square_to_picture(centre, side, roll, network.side)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    crop = cv2.warpAffine(image, back, (network.side, network.side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    outputs = network(np.asarray(crop, np.uint8))
    raw = next(output for output in outputs if output.size == 468 * 3).reshape(468, 3)
    logit = float(next(output for output in outputs if output.size == 1).reshape(-1)[0])
    points = np.empty((468, 3), np.float32)
    points[:, :2] = raw[:, :2] @ back[:, :2].T + back[:, 2]
    points[:, 2] = raw[:, 2] * side / network.side
    return Mesh(points, float(1 / (1 + np.exp(-np.clip(logit, -80, 80)))))


def mesh_of(image: NDArray[np.uint8], face: Detection) -> Mesh:
    """The mesh of a detected face, on a square turned so that the eyes are level."""
    right, left = face.points[0], face.points[1]
    roll = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    return look(image, face.centre, face.side * ROI, roll)
