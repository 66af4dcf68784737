"""Lettering for rendered cards: OpenCV's stroke fonts, outline fonts inside installed packages, and digits drawn here.

The digits drawn here are angular like those of OCR-A, which a real card's number is printed in. Pixels only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

#: A text as a mask [h, w], 0–255, cut to its ink.
Mask = NDArray[np.uint8]
Font = Callable[[str], Mask]

_SIZE = 96  # pixels at which a text is drawn before it is shrunk
#: Strokes of an angular digit on a grid of 4 by 6.
_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0, 0), (4, 0), (4, 6), (0, 6), (0, 0)]],
    "1": [[(0.7, 0), (2.2, 0), (2.2, 6)], [(0.4, 6), (4, 6), (4, 4.6)]],
    "2": [[(0, 0), (4, 0), (4, 3), (0, 3), (0, 6), (4, 6)]],
    "3": [[(0, 0), (4, 0), (4, 6), (0, 6)], [(1, 2.8), (4, 2.8)]],
    "4": [[(0, 0), (0, 3.8), (4, 3.8)], [(3.1, 2), (3.1, 6)]],
    "5": [[(4, 0), (0, 0), (0, 2.8), (4, 2.8), (4, 6), (0, 6)]],
    "6": [[(0.3, 0), (0, 0), (0, 6), (4, 6), (4, 2.8), (0, 2.8)]],
    "7": [[(0, 1.2), (0, 0), (4, 0), (4, 1.6), (2, 3.4), (2, 6)]],
    "8": [
        [(0.5, 0), (3.5, 0), (3.5, 2.7), (4, 2.9), (4, 6), (0, 6), (0, 2.9), (0.5, 2.7), (0.5, 0)],
        [(0.5, 2.8), (3.5, 2.8)],
    ],
    "9": [[(4, 6), (4, 0), (0, 0), (0, 3.2), (4, 3.2)]],
}


def stroke(face: int, weight: int) -> Font:
    """One of OpenCV's Hershey fonts."""

    def drawn(text: str) -> Mask:
        (width, height), base = cv2.getTextSize(text, face, 3.0, weight)
        canvas = np.zeros((height + base + 2 * weight + 20, width + 2 * weight + 20), np.uint8)
        cv2.putText(canvas, text, (weight + 8, height + weight + 8), face, 3.0, 255, weight, cv2.LINE_AA)
        return _cut(canvas)

    return drawn


def angular(weight: int, gap: float) -> Font:
    """The digits drawn here; ``gap`` between two, in widths of a stroke's grid. Only digits can be written."""

    def drawn(text: str) -> Mask:
        step = 4 + gap
        canvas = np.zeros((160, round(20 * step * len(text)) + 60), np.uint8)
        for place, digit in enumerate(text):
            for line in _STROKES[digit]:
                points = (np.array(line) + np.array([place * step, 0])) * 20 + 20
                whole = np.round(points).astype(np.int32)
                cv2.polylines(canvas, [whole], isClosed=False, color=255, thickness=weight, lineType=cv2.LINE_AA)
        return _cut(canvas)

    return drawn


def outline(file: str | None) -> Font:
    """An outline font of an installed package (``package/path``), or the one inside Pillow."""
    return _outline(lambda: _loaded(file))


def outline_file(path: Path) -> Font:
    """The outline font in a file."""
    return _outline(cache(lambda: ImageFont.truetype(path, _SIZE)))


def _outline(load: Callable[[], ImageFont.FreeTypeFont]) -> Font:
    def drawn(text: str) -> Mask:
        font = load()
        x0, y0, x1, y1 = font.getbbox(text)
        picture = Image.new("L", (round(x1 - x0) + 8, round(y1 - y0) + 8))
        ImageDraw.Draw(picture).text((4 - x0, 4 - y0), text, font=font, fill=255)
        return _cut(np.asarray(picture, np.uint8))

    return drawn


@cache
def _loaded(file: str | None) -> ImageFont.FreeTypeFont:
    if file is None:
        font = ImageFont.load_default(_SIZE)
        assert isinstance(font, ImageFont.FreeTypeFont)
        return font
    package, _, rest = file.partition("/")
    spec = find_spec(package)
    roots = (spec.submodule_search_locations or []) if spec else []
    path = next((Path(root) / rest for root in roots if (Path(root) / rest).is_file()), None)
    return ImageFont.truetype(path, _SIZE) if path else _loaded(None)


def _cut(canvas: Mask) -> Mask:
    rows, columns = np.flatnonzero(canvas.any(1)), np.flatnonzero(canvas.any(0))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
