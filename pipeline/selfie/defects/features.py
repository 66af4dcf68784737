"""What the defect classifiers look at: one definition of every feature, for training and for the pipeline. Pixels only.

All classifiers see one square, turned and scaled by the mesh so that both eyes always lie on the same spots. Lengths
are in *units*: one unit is the side of dlib's mean face (about 1.35 times the distance of the outer corners of the
eyes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie import align
from pipeline.selfie.detection.mesh import Mesh
from pipeline.selfie.networks import efficientnet

SIDE = 224  # pixels of the square
PADDING = 1.0  # units around the mean face: room for hats, ears and a scarf
UNIT = SIDE / (1 + 2 * PADDING)


@dataclass(frozen=True)
class Box:
    """A part of the square, in units from the mean face's upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float

    def within(self, frame: Box, rows: int, columns: int) -> tuple[slice, slice]:
        """Rows and columns of this part in a map [rows, columns] of a frame around it."""
        y = [round((edge - frame.y0) / (frame.y1 - frame.y0) * rows) for edge in (self.y0, self.y1)]
        x = [round((edge - frame.x0) / (frame.x1 - frame.x0) * columns) for edge in (self.x0, self.x1)]
        return slice(*y), slice(*x)


@dataclass(frozen=True)
class Region:
    """Where an appearance is looked for: the part of the square, which of the network's two maps is read there, and
    the grid that it is pooled to."""

    box: Box
    map: int
    rows: int
    columns: int


SQUARE = Box(-PADDING, -PADDING, 1 + PADDING, 1 + PADDING)
#: What the network sees: the head with a hat or a scarf. All else would only cost time.
HEAD = Box(-0.75, -1.0, 1.75, 1.25)
FINE, COARSE = 0, 1  # the network's two maps
#: Chosen by cross-validation by person (tools/selfie/train.py).
REGIONS = {
    "glasses": Region(Box(-0.2, -0.15, 1.2, 0.6), FINE, 4, 7),
    "hat": Region(Box(-0.6, -1.0, 1.6, 0.5), COARSE, 3, 5),
    "scarf": Region(Box(-0.7, -1.0, 1.7, 1.25), FINE, 5, 5),
    "ears_hidden": Region(Box(-0.7, -0.2, 1.7, 1.2), FINE, 4, 8),
}


def square(image: NDArray[np.uint8], mesh: Mesh) -> NDArray[np.uint8]:
    """The aligned square [SIDE, SIDE, 3] of a face; black where the picture ends."""
    return align.chip(image, mesh.points, SIDE, PADDING)


def visible(image: NDArray[np.uint8], mesh: Mesh) -> NDArray[np.bool_]:
    """Which pixels of the square, quarter size, are inside the picture [SIDE / 4, SIDE / 4]."""
    side = SIDE // 4
    target = (align.MEAN_FACE + PADDING) / (1 + 2 * PADDING) * side
    back = cv2.invertAffineTransform(align.similarity(mesh.points[list(align.FIVE), :2], target))
    y, x = np.mgrid[0:side, 0:side]
    u = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    v = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    return np.asarray((u >= 0) & (v >= 0) & (u < image.shape[1]) & (v < image.shape[0]))


def head_maps(chips: Sequence[NDArray[np.uint8]]) -> list[efficientnet.Maps]:
    """The network's maps of the head in every square, made once for all appearances."""
    head, size = HEAD.within(SQUARE, SIDE, SIDE), (efficientnet.WIDTH, efficientnet.HEIGHT)
    pictures = [cv2.resize(np.ascontiguousarray(chip[head]), size, interpolation=cv2.INTER_AREA) for chip in chips]
    return efficientnet.maps([np.asarray(picture, np.uint8) for picture in pictures])


def appearance(maps: efficientnet.Maps, name: str) -> NDArray[np.float32]:
    """What the network sees in a region."""
    region = REGIONS[name]
    found = maps[region.map]
    return pooled(found[region.box.within(HEAD, *found.shape[:2])], region.rows, region.columns)


def pooled(found: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """The means [rows · columns · channels] of a grid over a map [h, w, channels]; no finer than the map."""
    height, width, channels = found.shape
    return np.asarray((_cells(height, width, rows, columns) @ found.reshape(-1, channels)).ravel(), np.float32)


@cache
def _cells(height: int, width: int, rows: int, columns: int) -> NDArray[np.float32]:
    """What every cell of a grid takes of every place of a map [cells, height · width]: each row sums to 1."""
    row, column = (
        np.searchsorted(np.arange(parts) * size // parts, np.arange(size), "right") == np.arange(1, parts + 1)[:, None]
        for size, parts in ((height, min(rows, height)), (width, min(columns, width)))
    )
    members = np.kron(row, column).astype(np.float32)
    return np.asarray(members / members.sum(1, keepdims=True), np.float32)


def shown(seen: NDArray[np.bool_], name: str) -> float:
    """The share of a region that is inside the picture."""
    return float(seen[REGIONS[name].box.within(SQUARE, *seen.shape)].mean())


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
        energy = [np.log(cv2.norm(part, cv2.NORM_L1) / part.size + 0.05) for part in parts]
        tail = [np.log(cv2.norm(part, cv2.NORM_L2) / np.sqrt(part.size) + 0.1) for part in parts]
        values.append(np.asarray(energy + tail, np.float32))
    table = np.stack(values)
    spread = table[:, :4].max(1) - table[:, :4].min(1)
    ratios = (table[1:] - table[:-1]).ravel()
    return np.concatenate([table.ravel() - contrast, ratios, spread, [contrast]]).astype(np.float32)
