"""Pictures without a usable face: rooms, papers, a thumb on the lens, broken files; and the card in hand."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.simulate.photos.canvas import Scene, grain, multiply, paint, polygon
from pipeline.simulate.photos.face_sources import Image


def without_face(width: int, height: int, rng: np.random.Generator) -> Image:
    """A wall with a window, a sheet of paper, or a covered lens."""
    kind = int(rng.integers(3))
    image = (
        _wall(width, height, rng)
        if kind == 0
        else _paper(width, height, rng)
        if kind == 1
        else _thumb(width, height, rng)
    )
    return grain(image, rng, rng.uniform(2, 5))


def _plain(width: int, height: int, colour: np.ndarray, rng: np.random.Generator) -> Image:
    slope = rng.uniform(-0.2, 0.2, 2)
    ramp = 1 + slope[0] * np.linspace(-1, 1, width)[None, :] + slope[1] * np.linspace(-1, 1, height)[:, None]
    return np.asarray((colour[None, None, :] * ramp[:, :, None]).clip(0, 255), dtype=np.uint8)


def _wall(width: int, height: int, rng: np.random.Generator) -> Image:
    image = _plain(width, height, rng.uniform(120, 225) + rng.uniform(-14, 14, 3), rng)
    floor = int(height * rng.uniform(0.72, 0.9))
    image[floor:] = (image[floor:] * rng.uniform(0.4, 0.7)).astype(np.uint8)
    cv2.line(image, (0, floor), (width, floor), (240, 240, 236), max(2, height // 90))
    x, y = int(width * rng.uniform(0.1, 0.45)), int(height * rng.uniform(0.08, 0.3))
    w, h = int(width * rng.uniform(0.3, 0.5)), int(height * rng.uniform(0.25, 0.4))
    glass = rng.uniform([120, 160, 190], [235, 245, 255])
    cv2.rectangle(image, (x, y), (x + w, y + h), tuple(float(c) for c in glass), -1)
    for i in range(3):
        cv2.line(image, (x + w * i // 2, y), (x + w * i // 2, y + h), (94, 70, 48), max(3, width // 60))
        cv2.line(image, (x, y + h * i // 2), (x + w, y + h * i // 2), (94, 70, 48), max(3, width // 60))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), dtype=np.uint8)


def _paper(width: int, height: int, rng: np.random.Generator) -> Image:
    image = _plain(width, height, rng.uniform(50, 130) + np.array([18.0, 4.0, -12.0]) * rng.uniform(-0.5, 2), rng)
    centre, half = np.array([width, height]) / 2, np.array([width, height]) * 0.4
    turn = rng.uniform(-0.25, 0.25)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    image = paint(image, polygon((height, width), corners @ spin.T + centre, 0.8), np.array([243, 242, 236]))
    for row in np.arange(-0.85, 0.8, 0.075):
        end = rng.uniform(0.2, 0.85)
        ends = np.array([[-0.85, row], [end, row]]) * half @ spin.T + centre
        first, last = (tuple(int(v) for v in point) for point in ends)
        cv2.line(image, first, last, (70, 70, 78), max(1, height // 160), cv2.LINE_AA)
    return image


def _thumb(width: int, height: int, rng: np.random.Generator) -> Image:
    image = _plain(width, height, np.array([95, 32, 22]) * rng.uniform(0.4, 1.2), rng)
    glow = np.exp(
        -((np.linspace(-1, 1, width)[None, :] - rng.uniform(-1, 1)) ** 2 + np.linspace(-1, 1, height)[:, None] ** 2)
    )
    return multiply(image, 0.5 + glow)


def copied(picture: bytes, rng: np.random.Generator) -> bytes:
    """A JPEG that is sent again under another number: unchanged, or cut, brightened and encoded again."""
    if rng.random() < 0.5:
        return picture
    image = np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), np.float32)
    height, width = image.shape[:2]
    top, bottom, left, right = (int(side * rng.uniform(0, 0.015)) for side in (height, height, width, width))
    image = image[top : height - bottom, left : width - right] * rng.uniform(0.9, 1.1)
    size = tuple(round(side * rng.uniform(0.8, 0.95)) for side in image.shape[1::-1])
    smaller = cv2.resize(np.clip(image, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", smaller, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 85))])[1].tobytes()


def unreadable(jpeg: bytes, rng: np.random.Generator) -> bytes:
    """The file after a broken upload: the head of a JPEG, text under its name, or nothing."""
    kind = int(rng.integers(3))
    if kind == 0:
        return jpeg[: int(rng.integers(60, 400))]
    return b"<html><body>504 Gateway Time-out</body></html>\n" if kind == 1 else b""


def card_in_hand(scene: Scene, small: Image, rng: np.random.Generator) -> Image:
    """An identity card held below the face: light blue, lines of print, a small portrait, two fingers."""
    height, width = scene.image.shape[:2]
    chin = float(scene.points[152, 1])
    wide = width * rng.uniform(0.36, 0.46)
    tall = wide / 1.586  # ID-1 format
    side = rng.choice([-1, 1])
    centre = np.array(
        [width / 2 + side * width * rng.uniform(0.16, 0.24), max(chin + tall * 0.75, height - tall * 0.62)]
    )
    turn = rng.uniform(-0.2, 0.2)
    card = _card(small, rng)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * (wide / card.shape[1])
    move = np.column_stack([spin, centre - spin @ (np.array(card.shape[1::-1]) / 2)])
    laid = cv2.warpAffine(card, move, (width, height), flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full(card.shape[:2], 255, np.uint8), move, (width, height)).astype(np.float32) / 255
    image = paint(multiply(scene.image, 1 - 0.35 * cv2.GaussianBlur(mask, (0, 0), 5)), mask, laid)
    cheek = scene.image[tuple(scene.points[50].astype(int)[::-1].clip(0, [height - 1, width - 1]))].astype(np.float32)
    for k in (0, 1):
        tip = centre + np.array([side * wide * 0.38, tall * (0.16 + 0.27 * k)])
        finger = np.zeros((height, width), np.uint8)
        axes = (round(wide * 0.17), round(tall * 0.115))
        spot = (round(float(tip[0] + side * wide * 0.1)), round(float(tip[1])))
        cv2.ellipse(finger, spot, axes, float(np.degrees(turn)), 0, 360, 255, -1, cv2.LINE_AA)
        round_ = cv2.GaussianBlur(finger, (0, 0), axes[1] * 0.4).astype(np.float32) / 255
        image = paint(image, finger.astype(np.float32) / 255, cheek[None, None, :] * (0.6 + 0.42 * round_[:, :, None]))
    return image


def _card(small: Image, rng: np.random.Generator) -> Image:
    wide, tall = 320, 202
    image = _plain(wide, tall, np.array([168.0, 205.0, 226.0]), rng)
    cv2.putText(image, "REPUBLIK SIMULASI", (62, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 40, 60), 1, cv2.LINE_AA)
    for row in range(9):
        y = 48 + row * 15
        cv2.line(image, (14, y), (58, y), (50, 60, 80), 2, cv2.LINE_AA)
        cv2.line(image, (68, y), (68 + int(rng.integers(40, 130)), y), (40, 48, 66), 2, cv2.LINE_AA)
    image[44:164, 222:306] = cv2.resize(small, (84, 120), interpolation=cv2.INTER_AREA)
    return image
