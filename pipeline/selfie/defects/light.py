"""What the classifier of darkness and shadows looks at: how a face is lit, whatever its skin. Pixels only.

The light is read off what is white in any face (the eyes, teeth, the reflexes on wet lips) and off the bright parts of
the picture. The skin itself counts only against these and against itself, so that a shadow of one strength counts the
same on every skin, and dark skin in good light is not called dark. All in log luminance, where a change of the light
moves every value by the same amount.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.defects.features import PADDING, SIDE, UNIT, Box

Floats = NDArray[np.float32]
_COARSE, _FINE = SIDE // 4, SIDE // 2
#: Where the mesh puts eyes and mouth in the square, in units (medians over 1,400 faces, with a margin).
_EYES = (Box(0.09, 0.16, 0.37, 0.27), Box(0.61, 0.16, 0.89, 0.27))
_MOUTH = Box(0.27, 0.73, 0.72, 0.90)
_FACE = Box(0, 0, 1, 1.05)
_ALL = Box(-PADDING, -PADDING, 1 + PADDING, 1 + PADDING)


def light(chip: NDArray[np.uint8], seen: NDArray[np.bool_]) -> Floats:
    """The features of a square, of which ``seen`` [SIDE / 4, SIDE / 4] is inside the picture."""
    return np.concatenate([_shape(_log(chip, _COARSE), seen), _level(_log(chip, _FINE), seen)]).astype(np.float32)


def _log(chip: NDArray[np.uint8], side: int) -> Floats:
    grey = cv2.cvtColor(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return np.asarray(np.log2((grey.astype(np.float32) / 255) ** 2.2 + 0.004), np.float32)


def _level(logs: Floats, seen: NDArray[np.bool_]) -> Floats:
    """How much light there is: the whites of the darker and the lighter eye, the mouth's, the picture's bright parts;
    and the face against the brightest of these whites."""
    eyes = np.sort([np.percentile(_part(logs, eye), [92, 98]) for eye in _EYES], axis=0)
    mouth = np.percentile(_part(logs, _MOUTH), [90, 98])
    face = _part(logs, _FACE)
    inside = cv2.resize(seen.astype(np.uint8), logs.shape, interpolation=cv2.INTER_NEAREST)
    within = logs[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0]
    bright = np.percentile(within if within.size > 200 else face, [75, 90, 97, 99.5])
    white = max(float(eyes[1, 0]), float(mouth[0]))
    skin = np.percentile(face, [2, 10, 25, 50, 75, 90, 98, 99.7]) - white
    return np.concatenate([eyes.ravel(), mouth, bright, skin]).astype(np.float32)


def _part(logs: Floats, box: Box) -> Floats:
    return logs[box.within(_ALL, *logs.shape)]


def _shape(logs: Floats, seen: NDArray[np.bool_]) -> Floats:
    """How the light falls: quantiles, halves and a coarse map of the face against its median and against each other,
    and what surrounds it."""
    unit = UNIT * _COARSE / SIDE
    low, high = round(PADDING * unit), round((PADDING + 1) * unit)
    face = logs[low : high + 2, low:high]
    rows, columns = (face.shape[0] // 6) * 6, (face.shape[1] // 6) * 6
    cells = cv2.resize(face[:rows, :columns], (6, 6), interpolation=cv2.INTER_AREA)
    outside = seen.copy()
    outside[low - 2 : high + 6, low - 3 : high + 3] = False
    around = logs[outside] if outside.sum() > 50 else face.ravel()
    quantiles = np.percentile(face, [2, 10, 25, 50, 75, 90, 98])
    background = np.percentile(around, [10, 50, 90])
    halves = [
        abs(float(cells[:, :3].mean() - cells[:, 3:].mean())),
        abs(float(cells[:, :2].mean() - cells[:, 4:].mean())),
        float(cells[:3].mean() - cells[3:].mean()),
        abs(float(cells[:3].mean() - cells[3:].mean())),
        float(np.abs(cells - cells[:, ::-1]).mean()),
        float(np.abs(cells - cells[:, ::-1]).max()),
        float(np.abs(np.diff(cells, axis=1)).max()),
        float(np.abs(np.diff(cells, axis=0)).max()),
        float(face.std()),
        float(cells.max() - cells.min()),
    ]
    relative = np.concatenate([quantiles, background]) - quantiles[3]
    symmetric = (cells + cells[:, ::-1])[:, :3].ravel() / 2 - quantiles[3]
    products = np.outer(halves, halves)[np.triu_indices(len(halves))]  # a shadow is an edge *and* a difference
    return np.concatenate([relative, halves, products, symmetric]).astype(np.float32)
