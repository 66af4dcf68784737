"""Flat pictures of things that people hold and that are no identity card. Pixels only."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.simulate.photos.cards.card_fonts import stroke
from pipeline.simulate.photos.cards.card_variety import Other
from pipeline.simulate.photos.face_sources import Image

_WIDTH = 800
_RATIO = {"phone": 2.05, "paper": 1.41, "bank_card": 1.586, "book": 1.5, "fan": 1.2, "box": 1.7}


def thing(kind: Other, rng: np.random.Generator) -> Image:
    """One of these things, lying on its long side."""
    height = round(_WIDTH / _RATIO[kind])
    colour = rng.uniform(40, 235, 3)
    image = np.empty((height, _WIDTH, 3), np.uint8)
    image[:] = {"phone": np.full(3, 25.0), "paper": np.full(3, rng.uniform(225, 250))}.get(kind, colour)
    if kind == "phone":
        glow = np.linspace(0.3, 1, _WIDTH)[None, :, None] * rng.uniform(60, 230, 3)
        image[20:-20, 30:-30] = np.broadcast_to(glow, (height, _WIDTH, 3))[20:-20, 30:-30]
    elif kind == "paper":
        for y in range(50, height - 40, 34):
            cv2.line(image, (50, y), (int(rng.uniform(300, 750)), y), (70, 70, 80), 9)
    elif kind == "bank_card":
        cv2.rectangle(image, (80, height // 2 - 60), (180, height // 2 + 10), (214, 180, 90), -1)
        _print(image, " ".join("".join(str(d) for d in rng.integers(0, 10, 4)) for _ in range(4)), (70, 320), 40, rng)
        _print(image, "BANK " + "ABCDE"[rng.integers(5)], (60, 40), 50, rng)
    elif kind == "book":
        cv2.rectangle(image, (90, 120), (420, height - 80), tuple(float(v) for v in 255 - colour), -1)
        _print(image, "CERITA", (470, 150), 70, rng)
        _print(image, "BUKU", (470, 300), 45, rng)
    elif kind == "fan":
        for i in range(12):
            end = (round(_WIDTH * i / 11), 0)
            cv2.line(image, (_WIDTH // 2, height), end, tuple(float(v) for v in colour * 0.6), 14)
    else:
        image[: height // 2] = (colour * 0.7).clip(0, 255)
        cv2.circle(image, (_WIDTH // 2, height // 2), 110, (240, 240, 240), -1)
    return image


def _print(image: Image, words: str, at: tuple[int, int], high: int, rng: np.random.Generator) -> None:
    mask = stroke(cv2.FONT_HERSHEY_SIMPLEX, 9)(words)
    wide = min(image.shape[1] - at[0] - 10, round(mask.shape[1] * high / mask.shape[0]))
    mask = np.asarray(cv2.resize(mask, (max(1, wide), high), interpolation=cv2.INTER_AREA), np.uint8)
    part = image[at[1] : at[1] + high, at[0] : at[0] + wide]
    part[mask[: part.shape[0], : part.shape[1]] > 100] = rng.choice([20, 245])
