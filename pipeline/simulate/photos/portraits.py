"""Renders one selfie or one register photograph of a person: a new picture each time. Pixels only."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.simulate.photos import canvas, photo_faults, scenes
from pipeline.simulate.photos.canvas import Scene
from pipeline.simulate.photos.face_sources import Image, Portrait

_RATIO = 4 / 3  # portrait format
_WIDTHS = (240, 360)  # a selfie is as wide as its source has detail for, within this
_REFERENCE = (240, 320)
_CARD_SHARE = 0.25


def selfie(face: Portrait, stranger: Portrait, fault: str | None, rng: np.random.Generator) -> bytes:
    """A JPEG as a telephone takes it. ``stranger`` is the second person of ``several_faces``."""
    share = rng.uniform(0.2, 0.25) if fault != "several_faces" else rng.uniform(0.165, 0.185)  # eyes : width
    width = int(np.clip(face.span * 1.15 / share, *_WIDTHS)) // 8 * 8
    height = round(width * _RATIO)
    if fault == "no_face":
        return encode(scenes.without_face(width, height, rng), rng)
    turn = photo_faults.tilt(rng) if fault == "tilted" else float(np.clip(rng.normal(0, np.radians(2.0)), -0.09, 0.09))
    centre = (width * rng.uniform(0.46, 0.54), _level(face, height, width * share, height * rng.uniform(0.4, 0.5)))
    if fault == "several_faces":
        image = _two(face, stranger, width=width, height=height, eyes=width * share, rng=rng)
    else:
        scene = canvas.place(face, width, height, eyes=width * share, centre=centre, turn=turn)
        scene.image = canvas.light(scene.image, rng)
        if fault is None and rng.random() < _CARD_SHARE:
            small = canvas.place(face, 84, 120, eyes=24, centre=(42, 52), turn=0.0).image
            scene.image = scenes.card_in_hand(scene, small, rng)
        image = photo_faults.PAINTED[fault](scene, rng) if fault in photo_faults.PAINTED else scene.image
    return encode(canvas.grain(image, rng, rng.uniform(1.0, 3.5)), rng)


def _level(face: Portrait, height: int, eyes: float, wanted: float) -> float:
    """The height of the eyes in the picture: chosen so that, if possible, the picture does not reach below the
    source."""
    below = (face.image.shape[0] - float(face.eyes[:, 1].mean())) * eyes / face.span
    return float(np.clip(max(wanted, height - below + 2), 0, height * 0.58))


def reference(face: Portrait, *, odd_year: bool, rng: np.random.Generator) -> bytes:
    """A register photograph: head and shoulders, even light, a red background for people born in an odd year, else
    blue."""
    width, height = _REFERENCE
    scene = canvas.place(
        face,
        width,
        height,
        eyes=width * rng.uniform(0.2, 0.23),
        centre=(width / 2, _level(face, height, width * 0.22, height * 0.42)),
        turn=0.0,
    )
    scene.image = canvas.light(scene.image, rng, 0.4)
    back = np.array([176, 28, 36] if odd_year else [34, 74, 160], np.float32) * rng.uniform(0.9, 1.1)
    image = canvas.paint(scene.image, _behind(scene), back)
    return encode(canvas.grain(image, rng, 1.0), rng, (84, 92))


def _behind(scene: Scene) -> np.ndarray:
    """The mask of the wall behind a person: everything outside head and shoulders, with a soft edge."""
    shape = scene.image.shape[:2]
    left, right = float(scene.head(234)[0]), float(scene.head(454)[0])
    chin, top = float(scene.head(152)[1]), float(scene.head(10)[1])
    half, middle = (right - left) / 2, (right + left) / 2
    angle = np.linspace(np.pi, 2 * np.pi, 24)
    dome = np.column_stack([middle + 1.45 * half * np.cos(angle), 0.2 + (top - 1.0) * np.abs(np.sin(angle))])
    shoulders = np.array(
        [
            [middle + 1.6 * half, chin + 0.5],
            [middle + 4.2 * half, chin + 1.3],
            [middle + 4.6 * half, chin + 6],
            [middle - 4.6 * half, chin + 6],
            [middle - 4.2 * half, chin + 1.3],
            [middle - 1.6 * half, chin + 0.5],
        ]
    )
    outline = scene.at(np.vstack([dome, shoulders]))
    return 1 - canvas.polygon(shape, outline, 0.09 * scene.unit)


def _two(
    face: Portrait, stranger: Portrait, *, width: int, height: int, eyes: float, rng: np.random.Generator
) -> Image:
    """Two people next to each other, of nearly the same size."""
    y = _level(face, height, eyes, height * rng.uniform(0.4, 0.48))
    one = canvas.place(
        face, width, height, eyes=eyes, centre=(width * 0.28, y + rng.uniform(-0.03, 0.03) * height), turn=0.0
    )
    two = canvas.place(stranger, width, height, eyes=eyes * rng.uniform(0.9, 1.1), centre=(width * 0.73, y), turn=0.0)
    seam = 1 / (1 + np.exp(-(np.arange(width) - width * 0.5) / (width * 0.012)))
    mask = np.broadcast_to(seam, (height, width))
    return canvas.light(canvas.paint(one.image, mask, two.image), rng)


def encode(image: Image, rng: np.random.Generator, quality: tuple[int, int] = (72, 92)) -> bytes:
    """JPEG at some quality."""
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*quality))]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()
