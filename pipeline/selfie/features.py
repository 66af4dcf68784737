"""What the defect classifiers look at: one definition of every feature, for training and for the pipeline. Pixels only.

All classifiers see one square, turned and scaled by the mesh so that both eyes always lie on the same spots. Lengths
are in *units*: one unit is the side of dlib's mean face (about 1.35 times the distance of the outer corners of the
eyes).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie import align
from pipeline.selfie.mesh import Mesh

SIDE = 224  # pixels of the square
PADDING = 1.0  # units around the mean face: room for hats, ears and a scarf
UNIT = SIDE / (1 + 2 * PADDING)


@dataclass(frozen=True)
class Region:
    """A part of the square, in units from the mean face's upper left corner, and the pixels that it is shrunk to."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: int
    height: int
    colours: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the square."""
        edges = [round((edge + PADDING) * UNIT) for edge in (self.y0, self.y1, self.x0, self.x1)]
        return slice(edges[0], edges[1]), slice(edges[2], edges[3])


REGIONS = {
    "glasses": Region(-0.2, -0.15, 1.2, 0.6, 96, 48, 10),
    "hat": Region(-0.6, -1.0, 1.6, 0.5, 96, 64, 12),
    "scarf": Region(-1.0, -1.0, 2.0, 2.0, 96, 96, 12),
    "ears_hidden": Region(-0.7, -0.2, 1.7, 1.2, 112, 64, 12),
}


def square(image: NDArray[np.uint8], mesh: Mesh) -> NDArray[np.uint8]:
    """The aligned square [SIDE, SIDE, 3] of a face; black where the picture ends."""
    return align.chip(image, mesh.points, SIDE, PADDING)


def visible(image: NDArray[np.uint8], mesh: Mesh) -> NDArray[np.bool_]:
    """Which pixels of the square, quarter size, lie inside the picture [SIDE / 4, SIDE / 4]."""
    side = SIDE // 4
    target = (align.MEAN_FACE + PADDING) / (1 + 2 * PADDING) * side
    back = cv2.invertAffineTransform(align.similarity(mesh.points[list(align.FIVE), :2], target))
    y, x = np.mgrid[0:side, 0:side]
    u = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    v = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    return np.asarray((u >= 0) & (v >= 0) & (u < image.shape[1]) & (v < image.shape[0]))


@cache
def _hog(width: int, height: int) -> cv2.HOGDescriptor:
    """Histograms of oriented gradients (Dalal and Triggs, 2005): cells of 8 pixels, blocks of 2 × 2 cells, 9
    directions."""
    return cv2.HOGDescriptor((width, height), (16, 16), (8, 8), (8, 8), 9)


def appearance(chip: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
    """Shape (HOG) and colour (a small CIELAB picture) of a region of the square."""
    region = REGIONS[name]
    part = cv2.resize(chip[region.slices], (region.width, region.height), interpolation=cv2.INTER_AREA)
    shape = np.asarray(_hog(region.width, region.height).compute(part), np.float32).ravel()
    small = cv2.resize(part, (region.colours, region.colours), interpolation=cv2.INTER_AREA)
    colour = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32).ravel() / 50
    return np.concatenate([shape, colour])


def _face(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean face itself and a little around it: brows to chin."""
    low, high = round((PADDING - 0.1) * UNIT), round((PADDING + 1.1) * UNIT)
    return chip[low : high + round(0.1 * UNIT), low:high]


def sharpness(chip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much fine structure the face has, by scale and direction: log energies of differences over 1, 2, 4 and 8
    pixels in four directions, against the contrast of the whole face, and their ratios between scales and
    directions."""
    grey = cv2.cvtColor(_face(chip), cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = float(np.log(grey.std() + 1))
    smooth = grey
    values: list[NDArray[np.float32]] = []
    for step in (1, 2, 4, 8):
        parts = [
            smooth[:, 2 * step :] - smooth[:, : -2 * step],
            smooth[2 * step :] - smooth[: -2 * step],
            smooth[2 * step :, 2 * step :] - smooth[: -2 * step, : -2 * step],
            smooth[2 * step :, : -2 * step] - smooth[: -2 * step, 2 * step :],
            smooth[:, step:-step] * 2 - smooth[:, 2 * step :] - smooth[:, : -2 * step],
            smooth[step:-step] * 2 - smooth[2 * step :] - smooth[: -2 * step],
        ]
        energy = [np.log(np.abs(part).mean() + 0.05) for part in parts]
        tail = [np.log(np.percentile(np.abs(part), 97) + 0.5) for part in parts[4:]]
        values.append(np.asarray(energy + tail, np.float32))
    table = np.stack(values)
    spread = table[:, :4].max(1) - table[:, :4].min(1)
    ratios = (table[1:] - table[:-1]).ravel()
    return np.concatenate([table.ravel() - contrast, ratios, spread, [contrast]]).astype(np.float32)


def light(chip: NDArray[np.uint8], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How the face is lit: brightness quantiles, halves and a coarse map of the face against each other, and against
    what surrounds it.

    In log luminance, so that a shadow of one strength counts the same on light and on dark skin."""
    grey = cv2.cvtColor(cv2.resize(chip, (56, 56), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    logs = np.log2((grey.astype(np.float32) / 255) ** 2.2 + 0.004)
    unit = UNIT / 4
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
    relative = np.concatenate([quantiles - quantiles[3], background - quantiles[3]])
    symmetric = (cells + cells[:, ::-1])[:, :3].ravel() / 2 - quantiles[3]
    return np.concatenate([quantiles, relative, halves, symmetric]).astype(np.float32)
