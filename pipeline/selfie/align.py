"""Cuts chips out of a picture: SFace's and dlib's from the mesh's points, and any other turned square.

dlib places five points (corners of both eyes, base of the nose) of every face on the same spots by a similarity
transform (image_transforms/interpolation.h, get_face_chip_details). The mesh has the same five points.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Mesh indices of dlib's five points: outer and inner corner of the eye on the picture's right, the same on its left,
# base of the nose.
FIVE = (263, 362, 33, 133, 2)
# Their places in dlib's mean face, as shares of the chip without padding.
MEAN_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)

# Thirty mesh points of eyes, brows, nose and mouth and their mean places, in the same shares, over nearly frontal
# photographs. Many points lose fewer turned heads than dlib's five (model card).
_MANY = np.array(
    [
        [33, 0.1089, 0.2183],
        [133, 0.3445, 0.2335],
        [362, 0.6347, 0.2337],
        [263, 0.8714, 0.2189],
        [1, 0.4889, 0.5619],
        [2, 0.4910, 0.6087],
        [4, 0.4885, 0.5079],
        [5, 0.4882, 0.4350],
        [6, 0.4883, 0.2564],
        [168, 0.4882, 0.1891],
        [195, 0.4882, 0.3744],
        [197, 0.4882, 0.3180],
        [61, 0.2546, 0.7630],
        [291, 0.7341, 0.7633],
        [0, 0.4920, 0.7215],
        [17, 0.4937, 0.8924],
        [13, 0.4931, 0.7664],
        [14, 0.4930, 0.8156],
        [98, 0.3397, 0.5843],
        [327, 0.6431, 0.5844],
        [70, 0.0100, 0.0983],
        [300, 0.9689, 0.0993],
        [105, 0.1415, 0.0273],
        [334, 0.8340, 0.0289],
        [107, 0.3642, 0.0443],
        [336, 0.6104, 0.0452],
        [159, 0.2108, 0.1818],
        [145, 0.2278, 0.2512],
        [386, 0.7681, 0.1824],
        [374, 0.7518, 0.2511],
    ]
)
MANY = _MANY[:, 0].astype(int)
MEAN_MANY = _MANY[:, 1:]
#: dlib trained with 0.25; on chips cut by thirty points a slightly closer cut confuses fewer people.
MATCH_PADDING = 0.2
DLIB_SIDE = 150

# SFace was trained on chips that have the eyes' centres, the tip of the nose and the corners of the mouth on these five
# spots of 112 by 112 pixels (insightface's reference landmarks). Mesh indices: an eye's centre is the mean of four.
_EYES = ((33, 133, 159, 145), (362, 263, 386, 374))
_NOSE_AND_MOUTH = (4, 61, 291)
SFACE_SIDE = 112
SFACE_PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The least-squares similarity transform [2, 3] that takes ``source`` [n, 2] to ``target`` [n, 2] (Umeyama,
    1991)."""
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    norm = max(float((a**2).sum()), 1e-12)
    cos = float((a * b).sum()) / norm
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, target.mean(0) - turn @ source.mean(0)])


def chip(image: NDArray[np.uint8], points: NDArray[np.float32], side: int, padding: float = 0.25) -> NDArray[np.uint8]:
    """dlib's face chip [side, side, 3] of the mesh ``points`` [468, 2 or 3]."""
    target = (MEAN_FACE + padding) / (1 + 2 * padding) * side
    return warp(image, similarity(points[list(FIVE), :2], target), side, side)


def match_chip(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The chip [150, 150, 3] that dlib's network compares, cut by thirty of the mesh ``points`` [468, 2 or 3]."""
    target = (MEAN_MANY + MATCH_PADDING) / (1 + 2 * MATCH_PADDING) * DLIB_SIDE
    return warp(image, similarity(points[MANY, :2], target), DLIB_SIDE, DLIB_SIDE)


def sface_chip(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The chip [112, 112, 3] that SFace compares, cut by five spots of the mesh ``points`` [468, 2 or 3]."""
    flat = points[:, :2]
    spots = np.stack([*(flat[list(eye)].mean(0) for eye in _EYES), *flat[list(_NOSE_AND_MOUTH)]])
    return warp(image, similarity(spots, SFACE_PLACES), SFACE_SIDE, SFACE_SIDE)


def warp(image: NDArray[np.uint8], forward: NDArray[np.float64], width: int, height: int) -> NDArray[np.uint8]:
    """The picture through ``forward`` [2, 3]. Shrinks by area averaging first where the map shrinks more than twofold,
    because bilinear sampling would skip pixels."""
    scale = float(np.hypot(forward[0, 0], forward[1, 0]))
    if scale < 0.5:
        corners = cv2.invertAffineTransform(forward) @ np.array(
            [[0, width, 0, width], [0, 0, height, height], [1.0] * 4]
        )
        low = np.clip(np.floor(corners.min(1)).astype(int) - 2, 0, [image.shape[1] - 1, image.shape[0] - 1])
        high = np.clip(np.ceil(corners.max(1)).astype(int) + 2, low + 1, [image.shape[1], image.shape[0]])
        part = image[low[1] : high[1], low[0] : high[0]]
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        image = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        ratio = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
        linear = forward[:, :2] * ratio
        offset = forward[:, 2] + forward[:, :2] @ (low + (ratio - 1) / 2)
        forward = np.column_stack([linear, offset])
    return np.asarray(
        cv2.warpAffine(image, forward, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
        np.uint8,
    )
