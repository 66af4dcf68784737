"""The identity card cut out of a selfie and laid flat, for a reviewer: made when the page is shown, and never stored.

The card's own outline is shown with a little of what is around it, upright and not mirrored.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.domain.settings import settings
from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode_within, read_below

WIDTH, HEIGHT = 1011, 638  # format ID-1 at 300 dots an inch
_AROUND = 24
_SIDE = 1600  # pixels of the selfie that it is cut from
_QUALITY = 90


def cut_card(root: Path, relative: str | None) -> bytes | None:
    """A JPEG of the card in the selfie ``root/relative``; None where no card is seen, or no photograph."""
    limits = settings().selfie
    try:
        data = read_below(root, relative, limits.max_bytes)
        small = decode_within(data, limits).pixels
        corners = find_card(small)
        if corners is None:
            return None
        large = decode_within(data, limits, _SIDE).pixels
    except (PhotoMissingError, PhotoUnreadableError):
        return None
    return _flat(large, corners * (large.shape[1] / small.shape[1]))


def _flat(image: NDArray[np.uint8], corners: NDArray[np.float64]) -> bytes:
    edges = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]) + _AROUND
    move = cv2.getPerspectiveTransform(corners.astype(np.float32), edges.astype(np.float32))
    size = WIDTH + 2 * _AROUND, HEIGHT + 2 * _AROUND
    out = io.BytesIO()
    Image.fromarray(cv2.warpPerspective(image, move, size, flags=cv2.INTER_LINEAR)).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
