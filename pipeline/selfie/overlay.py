"""Pictures that show an analyst what was seen: the face's box, the mesh, and every score with its operating point.

Reads photographs below a root and writes JPEGs into a folder of the caller's choice; never part of a wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.reasons import DEFECTS
from pipeline.domain.settings import settings
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode_within, read_below
from pipeline.selfie.detection.face_finder import find_turned
from pipeline.selfie.verdict import Verdict

_GREEN, _YELLOW, _WHITE, _RED = (90, 200, 90), (60, 200, 230), (255, 255, 255), (60, 60, 230)


def draw_overlays(selfies: Sequence[str | None], verdicts: Sequence[Verdict], root: Path, folder: Path) -> None:
    """One JPEG a readable selfie, numbered in the order of the pairs."""
    limits = settings().selfie
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, verdict) in enumerate(zip(selfies, verdicts, strict=True), start=1):
        try:
            data = read_below(root, name, limits.max_bytes)
            pixels = decode_within(data, limits).pixels
        except (PhotoMissingError, PhotoUnreadableError):
            continue
        stem = Path(name or "").stem
        cv2.imwrite(str(folder / f"{number:05d}-{stem}.jpg"), overlay(pixels, verdict))


def overlay(pixels: NDArray[np.uint8], verdict: Verdict) -> NDArray[np.uint8]:
    """The picture (BGR) with what was seen drawn into it, and the scores in a column next to it."""
    pixels, found = find_turned(pixels)
    canvas = np.ascontiguousarray(pixels[..., ::-1])
    if found.main is not None:
        x0, y0, x1, y1 = (int(v) for v in found.main.box)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), _GREEN, 2)
    if found.mesh is not None:
        for x, y in found.mesh.points[:, :2].astype(int):
            cv2.circle(canvas, (int(x), int(y)), 1, _YELLOW, -1)
    side = np.zeros((max(canvas.shape[0], 260), 230, 3), np.uint8)
    lines = [
        (f"{verdict.decision or 'no reference'}", _WHITE),
        (f"similarity {_number(verdict.similarity)}", _WHITE),
        (f"faces {verdict.faces}", _WHITE),
        *((f"{d:<12} {_number(getattr(verdict, d))}", _RED if d in verdict.reasons else _WHITE) for d in DEFECTS),
        *((code, _RED) for code in verdict.reasons if code not in DEFECTS),
    ]
    for i, (text, colour) in enumerate(lines):
        cv2.putText(side, text, (8, 22 + 20 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
    full = np.zeros((side.shape[0], canvas.shape[1] + side.shape[1], 3), np.uint8)
    full[: canvas.shape[0], : canvas.shape[1]] = canvas
    full[:, canvas.shape[1] :] = side
    return full


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
