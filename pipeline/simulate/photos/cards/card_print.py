"""Prints an identity card in the KTP's layout for somebody who does not exist: a flat picture. Pixels only.

Its heading says SIMULASI, and its number and words are made up. No card of a real person is ever used here.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.selfie.card.card_layout import NUMBER, PORTRAIT
from pipeline.simulate.photos.canvas import grain, paint
from pipeline.simulate.photos.cards.card_fonts import Font
from pipeline.simulate.photos.cards.card_variety import Ground, Variety
from pipeline.simulate.photos.face_sources import Image

WIDTH, HEIGHT = 1011, 638
_INK = np.array([26.0, 28.0, 40.0])
_LABELS = (
    "Nama",
    "Tempat/Tgl Lahir",
    "Jenis Kelamin",
    "Alamat",
    "    RT/RW",
    "    Kel/Desa",
    "    Kecamatan",
    "Agama",
    "Status Perkawinan",
    "Pekerjaan",
    "Kewarganegaraan",
    "Berlaku Hingga",
)
_SYLLABLES = ("KA", "RI", "MA", "SU", "TO", "NI", "BA", "WE", "LO", "DI", "PA", "JU", "RA", "SI", "TE", "GU")


def printed(number: str, portrait: Image, variety: Variety, rng: np.random.Generator) -> Image:
    """The card [638, 1011, 3], RGB, with this number and this face."""
    colour = np.array(variety.colours[rng.integers(len(variety.colours))], np.float32)
    image = _ground(variety.grounds[rng.integers(len(variety.grounds))], colour, rng)
    text = variety.text[rng.integers(len(variety.text))]
    ink = _INK + rng.uniform(0, 25)
    for y, words, high in ((0.045, "PROVINSI SIMULASI", 0.047), (0.115, f"KABUPATEN {_words(rng, 1)}", 0.047)):
        _write(image, text, words, (0.28, y, 0.40 + 0.02 * len(words), y + high), ink=ink, keep=False)
    _write(image, text, "NIK", (0.03, NUMBER.y0, 0.105, NUMBER.y1), ink=ink)
    _write(image, text, ":", (0.212, NUMBER.y0 + 0.012, 0.219, NUMBER.y1 - 0.005), ink=ink, keep=False)
    lettering = variety.numbers[rng.integers(len(variety.numbers))]
    end = NUMBER.x1 + rng.uniform(-0.035, 0.01)
    _write(image, lettering, number, (NUMBER.x0, NUMBER.y0, end, NUMBER.y1), ink=ink, keep=False)
    for row, label in enumerate(_LABELS):
        y = 0.295 + row * 0.0545
        indent = 0.02 * (label[0] == " ")
        _write(image, text, label.strip(), (0.03 + indent, y, 0.225, y + 0.034), ink=ink)
        _write(image, text, f": {_words(rng, 1 + row % 2)}", (0.235, y, 0.70, y + 0.034), ink=ink)
    _portrait(image, portrait, rng)
    for row in (0, 1):
        _write(image, text, _words(rng, 1), (0.775, 0.71 + row * 0.05, 0.92, 0.742 + row * 0.05), ink=ink)
    at = np.array([0.80, 0.88]) * (WIDTH, HEIGHT)
    pen = at + np.cumsum(rng.normal(0, 1, (14, 2)) * (7, 12) + (8, 0), axis=0)
    strokes, tone = np.round(pen).astype(np.int32), tuple(float(v) for v in ink)
    cv2.polylines(image, [strokes], isClosed=False, color=tone, thickness=3, lineType=cv2.LINE_AA)
    return image


def _write(
    image: Image, font: Font, words: str, box: tuple[float, float, float, float], *, ink: np.ndarray, keep: bool = True
) -> None:
    """Words as high as the box, from its left; squeezed into its width, or with ``keep`` only if they are too long."""
    mask = font(words)
    x0, y0, x1, y1 = (round(v * side) for v, side in zip(box, (WIDTH, HEIGHT) * 2, strict=True))
    wide = min(x1 - x0, round(mask.shape[1] * (y1 - y0) / mask.shape[0])) if keep else x1 - x0
    small = cv2.resize(mask, (max(1, wide), max(1, y1 - y0)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    part = image[y0 : y0 + small.shape[0], x0 : x0 + small.shape[1]]
    part[:] = paint(part, small[: part.shape[0], : part.shape[1]], ink)


def number_hidden(card: Image, rng: np.random.Generator) -> Image:
    """The card with a lamp's reflection over so much of its number that it cannot be read."""
    middle, wide = (NUMBER.x0 + NUMBER.x1) / 2 + rng.uniform(-0.03, 0.03), NUMBER.x1 - NUMBER.x0
    mask = np.zeros(card.shape[:2], np.uint8)
    spot = round(middle * WIDTH), round((NUMBER.y0 + NUMBER.y1) / 2 * HEIGHT)
    axes = round(wide * rng.uniform(0.38, 0.46) * WIDTH), round(rng.uniform(0.07, 0.09) * HEIGHT)
    cv2.ellipse(mask, spot, axes, float(rng.uniform(-4, 4)), 0, 360, 255, -1)
    return paint(card, cv2.GaussianBlur(mask, (0, 0), 10).astype(np.float32) / 255, np.full(3, 252.0))


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join("".join(rng.choice(_SYLLABLES, rng.integers(2, 5))) for _ in range(count))


def _portrait(image: Image, portrait: Image, rng: np.random.Generator) -> None:
    x0, x1 = round(PORTRAIT.x0 * WIDTH), round(PORTRAIT.x1 * WIDTH)
    y0, y1 = round(PORTRAIT.y0 * HEIGHT), round(PORTRAIT.y1 * HEIGHT)
    small = cv2.resize(portrait, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    image[y0:y1, x0:x1] = np.clip(small.astype(np.float32) * rng.uniform(0.8, 1.05) + rng.uniform(0, 18), 0, 255)


def _ground(kind: Ground, colour: np.ndarray, rng: np.random.Generator) -> Image:
    """The pattern under the print: fine lines, a little darker than the ground."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH, dtype=np.float32), np.linspace(0, 1, HEIGHT, dtype=np.float32))
    a, b = rng.uniform(20, 60, 2)
    phase = {
        "waves": lambda: a * (y + 0.04 * np.sin(8 * x + 3 * y)),
        "rings": lambda: b * np.hypot(x - 0.4, (y - 0.5) / 1.586),
        "rays": lambda: 9 * np.arctan2(y - 0.45, x - rng.uniform(0.3, 0.7)),
        "weave": lambda: a * x + 3 * np.sin(b * y),
    }[kind]()
    lines = 0.94 + 0.06 * np.cos(2 * np.pi * phase)
    slope = 1 + rng.uniform(-0.06, 0.06) * (x - 0.5) + rng.uniform(-0.06, 0.06) * (y - 0.5)
    image = (colour[None, None] * (lines * slope)[..., None]).clip(0, 255).astype(np.uint8)
    return grain(image, rng, 1.5)
