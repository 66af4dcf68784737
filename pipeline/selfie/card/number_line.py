"""Cuts the line with the number out of a picture, given the card's corners. Pixels only.

Corners are found in a small picture and are some per cent off. So the line is looked for near its place, by where print
is dense from edge to edge, at its left and at its right end.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import NUMBER, Box
from pipeline.selfie.networks.digit_reader import HEIGHT, WIDTH

#: What is looked at: shares of the card; and its size in pixels, at which the number is 24 pixels high.
_REGION = Box(0.19, 0.11, 0.70, 0.36)
_SIZE = (330, 104)
#: The line that is read reaches beyond the number by these shares of its width and height.
_ASIDE, _ABOVE = 0.03, 0.26
#: Half the way to the next line of print, in shares of the card's height: the line lies this far off at most.
_OFF = 0.045


def number_line(image: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The line [48, 320, 3] with the number, digits upright. ``corners`` [4, 2], from the print's upper left on."""
    region = _warped(image, corners, np.array(_REGION.corners), _SIZE)
    left, right = _offsets(region)
    high, wide = NUMBER.y1 - NUMBER.y0, NUMBER.x1 - NUMBER.x0
    x0, x1 = NUMBER.x0 - _ASIDE * wide, NUMBER.x1 + _ASIDE * wide
    y0, y1 = NUMBER.y0 - _ABOVE * high, NUMBER.y1 + _ABOVE * high
    box = np.array([(x0, y0 + left), (x1, y0 + right), (x1, y1 + right), (x0, y1 + left)])
    return _warped(image, corners, box, (WIDTH, HEIGHT))


def _warped(
    image: NDArray[np.uint8], corners: NDArray[np.float64], box: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The part of the card inside ``box`` (shares, [4, 2]) as a picture of this size."""
    card = cv2.getPerspectiveTransform(np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]), corners.astype(np.float32))
    placed = cv2.perspectiveTransform(box[None].astype(np.float64), card.astype(np.float64))[0]
    low = np.clip(np.floor(placed.min(0)).astype(int) - 4, 0, None)
    part = image[low[1] : int(placed[:, 1].max()) + 5, low[0] : int(placed[:, 0].max()) + 5]
    if 0 in part.shape:
        return np.zeros((size[1], size[0], 3), np.uint8)
    placed -= low
    shrink = size[1] / max(float(np.linalg.norm(placed[3] - placed[0])), 1.0)
    if shrink < 0.5:  # bilinear sampling would skip pixels
        part = np.asarray(cv2.resize(part, None, fx=2 * shrink, fy=2 * shrink, interpolation=cv2.INTER_AREA), np.uint8)
        placed *= 2 * shrink
    target = np.float32([[0, 0], [size[0], 0], size, [0, size[1]]])
    matrix = cv2.getPerspectiveTransform(placed.astype(np.float32), target)
    how = cv2.INTER_CUBIC if shrink > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpPerspective(part, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _offsets(region: NDArray[np.uint8]) -> tuple[float, float]:
    """How far the number lies below its place at its left and right end, in shares of the card's height."""
    grey = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    dense = np.abs(cv2.Sobel(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F, 1, 0, ksize=3))
    wide = _REGION.x1 - _REGION.x0
    ends = []
    middle = (NUMBER.x0 + NUMBER.x1) / 2
    for x0, x1 in ((NUMBER.x0, middle), (middle, NUMBER.x1)):
        a, b = (round((x - _REGION.x0) / wide * _SIZE[0]) for x in (x0, x1))
        ends.append(_offset(dense[:, a:b].mean(1)))
    step = (ends[1] - ends[0]) / 2  # between the middles of the halves lies half the line
    return ends[0] - step / 2, ends[1] + step / 2


def _offset(profile: NDArray[np.float32]) -> float:
    """Where a band of the number's height has the most print inside and the least just above and below."""
    unit = _SIZE[1] / (_REGION.y1 - _REGION.y0)  # pixels of one card's height
    total = np.concatenate([[0.0], np.cumsum(profile)])
    high, gap = (NUMBER.y1 - NUMBER.y0) * unit, 0.016 * unit
    best, at = -np.inf, 0.0
    for offset in np.arange(-_OFF, _OFF + 1e-6, 0.5 / unit):
        top = (NUMBER.y0 - _REGION.y0 + offset) * unit

        def mean(a: float, b: float) -> float:
            edges = np.interp([a, b], np.arange(len(total)), total)
            return float(edges[1] - edges[0]) / (b - a)

        found = mean(top, top + high) - 0.5 * (mean(top - gap, top) + mean(top + high, top + high + gap))
        found *= float(np.exp(-((offset / 0.05) ** 2)))
        if found > best:
            best, at = found, float(offset)
    return at
