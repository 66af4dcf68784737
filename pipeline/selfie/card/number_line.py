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
_REGION = Box(0.10, 0.10, 0.74, 0.37)
_SIZE = (416, 111)
#: The line that is read reaches beyond the number by these shares of its width and height.
_ASIDE, _ABOVE = 0.02, 0.26
#: Most that the line lies off its place, in shares of the card's height: half the way to the next line of print.
_OFF = 0.05
#: Print is where it is this dense, against the middle of the number; a gap as wide as this share of the card ends it.
_DENSE, _GAP = 0.3, 0.03
#: Between which shares of the width the number begins (right of the colon before it), and ends.
_STARTS, _STOPS = (0.228, 0.26), (0.56, 0.70)


def number_line(image: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The line [48, 256] with the number, digits upright, cut out of a grey picture [h, w]. ``corners`` [4, 2], from
    the print's upper left on."""
    region = _warped(image, corners, np.array(_REGION.corners), _SIZE)
    grey = cv2.GaussianBlur(region, (0, 0), 1.0)
    dense = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3))
    left, right = _offsets(dense)
    x0, x1 = _ends(dense, left, right)
    high, wide = NUMBER.y1 - NUMBER.y0, NUMBER.x1 - NUMBER.x0
    x0, x1 = x0 - _ASIDE * wide, x1 + _ASIDE * wide
    y0, y1 = NUMBER.y0 - _ABOVE * high, NUMBER.y1 + _ABOVE * high
    slope = (right - left) / wide
    at0, at1 = (left + slope * (x - NUMBER.x0) for x in (x0, x1))
    box = np.array([(x0, y0 + at0), (x1, y0 + at1), (x1, y1 + at1), (x0, y1 + at0)])
    return _warped(image, corners, box, (WIDTH, HEIGHT))


def _warped(
    image: NDArray[np.uint8], corners: NDArray[np.float64], box: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The part of the card inside ``box`` (shares, [4, 2]) as a picture of this size."""
    card = cv2.getPerspectiveTransform(
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), corners.astype(np.float32)
    )
    placed = cv2.perspectiveTransform(box[None].astype(np.float64), card.astype(np.float64))[0]
    low = np.clip(np.floor(placed.min(0)).astype(int) - 4, 0, None)
    part = image[low[1] : int(placed[:, 1].max()) + 5, low[0] : int(placed[:, 0].max()) + 5]
    shrink = size[1] / max(float(np.linalg.norm(placed[3] - placed[0])), 1.0)
    if min(part.shape) * min(1, 2 * shrink) < 1:  # nothing of it is in the picture, or less than a pixel would be left
        return np.zeros((size[1], size[0]), np.uint8)
    placed -= low
    if shrink < 0.5:  # bilinear sampling would skip pixels
        part = np.asarray(cv2.resize(part, None, fx=2 * shrink, fy=2 * shrink, interpolation=cv2.INTER_AREA), np.uint8)
        placed *= 2 * shrink
    target = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(placed.astype(np.float32), target)
    how = cv2.INTER_CUBIC if shrink > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpPerspective(part, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _column(x: float) -> int:
    """The column of the region at this share of the card's width."""
    return round((x - _REGION.x0) / (_REGION.x1 - _REGION.x0) * _SIZE[0])


def _offsets(dense: NDArray[np.float32]) -> tuple[float, float]:
    """How far the number lies below its place at its left and right end, in shares of the card's height."""
    middle = (NUMBER.x0 + NUMBER.x1) / 2
    ends = [
        _offset(dense[:, _column(x0) : _column(x1)].mean(1)) for x0, x1 in ((NUMBER.x0, middle), (middle, NUMBER.x1))
    ]
    step = (ends[1] - ends[0]) / 2  # between the middles of the halves lies half the line
    return ends[0] - step / 2, ends[1] + step / 2


def _ends(dense: NDArray[np.float32], left: float, right: float) -> tuple[float, float]:
    """Where the print of the line begins and ends, in shares of the card's width: the colon before it may be part."""
    unit = _SIZE[1] / (_REGION.y1 - _REGION.y0)
    columns = np.arange(_SIZE[0])
    slope = (right - left) / (_column(NUMBER.x1) - _column(NUMBER.x0))
    tops = (NUMBER.y0 - _REGION.y0 + left + slope * (columns - _column(NUMBER.x0))) * unit
    rows = np.clip(tops[None] + np.linspace(0, (NUMBER.y1 - NUMBER.y0) * unit, 16)[:, None], 0, _SIZE[1] - 1)
    along = cv2.blur(dense[rows.astype(int), columns[None]].mean(0)[None], (7, 1))[0]
    a, b = _column(0.32), _column(0.57)
    print_ = along > _DENSE * float(np.median(along[a:b]))
    gap = _column(_REGION.x0 + _GAP)
    first, last = a, b
    while first > 0 and print_[max(0, first - gap) : first].any():
        first -= 1
    while last < _SIZE[0] and print_[last : last + gap].any():
        last += 1
    x0, x1 = (_REGION.x0 + at / _SIZE[0] * (_REGION.x1 - _REGION.x0) for at in (first, last))
    return float(np.clip(x0, *_STARTS)), float(np.clip(x1, *_STOPS))


def _offset(profile: NDArray[np.float32]) -> float:
    """Where a band of the number's height has the most print inside and the least just above and below."""
    unit = _SIZE[1] / (_REGION.y1 - _REGION.y0)  # pixels of one card's height
    total = np.concatenate([[0.0], np.cumsum(profile)])
    high, gap = (NUMBER.y1 - NUMBER.y0) * unit, 0.016 * unit
    offsets = np.arange(-_OFF, _OFF + 1e-6, 0.5 / unit)
    top = (NUMBER.y0 - _REGION.y0 + offsets) * unit
    before, start, end, after = (
        np.interp(top + y, np.arange(len(total)), total) for y in (-gap, 0.0, high, high + gap)
    )
    found = (end - start) / high - 0.5 * ((start - before) + (after - end)) / gap
    return float(offsets[(found * np.exp(-((offsets / 0.06) ** 2))).argmax()])
