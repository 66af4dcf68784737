"""Glasses, headgear and hair drawn on a head, in its own axes (unit: the distance between the eyes). Pixels only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.canvas import Scene, multiply, paint, polygon
from pipeline.simulate.photos.face_sources import Image

Points = NDArray[np.float64]
_HAIR = ((28, 22, 20), (42, 30, 24), (18, 16, 18), (60, 42, 30), (75, 70, 68))
_CLOTH = ((20, 20, 24), (32, 40, 76), (110, 24, 30), (46, 62, 44), (96, 88, 78), (150, 146, 140), (70, 36, 80))
_DOWN = np.array([0.0, 1.0])
_SHADE = np.array([0.02, 0.05])  # where a frame's shadow falls


def _curve(points: list[tuple[float, float]], closed: bool = True, steps: int = 12) -> Points:
    """A smooth line through points (Catmull-Rom)."""
    p = np.array(points, dtype=np.float64)
    p = np.vstack([p[-1], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack(parts)


def _lens(centre: Points, width: float, height: float, power: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    shape = np.column_stack([np.sign(cos) * np.abs(cos) ** power, np.sign(sin) * np.abs(sin) ** power])
    shape[:, 0] *= width / 2 * np.where(shape[:, 1] < 0, 1.03, 0.97)  # a little wider at the top
    shape[:, 1] *= height / 2
    return np.asarray(centre + shape)


def _line(scene: Scene, points: Points, width: float, closed: bool = False) -> NDArray[np.float32]:
    mask = np.zeros(scene.image.shape[:2], np.uint8)
    line = np.round(scene.at(points) * 16).astype(np.int32)
    cv2.polylines(mask, [line], closed, 255, max(1, round(width * scene.unit)), cv2.LINE_AA, 4)
    return np.asarray(mask.astype(np.float32) / 255)


def glasses(scene: Scene, rng: np.random.Generator) -> Image:
    """Glasses on the nose: frame, bridge, arms to the ears, reflections; every third pair has dark lenses."""
    dark = rng.random() < 0.35
    eyes = [scene.head(i) for i in (33, 133, 362, 263)]
    centres = [(eyes[0] + eyes[1]) / 2, (eyes[2] + eyes[3]) / 2]
    near, far = scene.head(234), scene.head(454)
    squeeze = [abs(near[0]) / (abs(near[0]) + abs(far[0])) * 2, abs(far[0]) / (abs(near[0]) + abs(far[0])) * 2]
    width, height = rng.uniform(0.74, 0.86), rng.uniform(0.52, 0.68)
    power = float(rng.choice([0.55, 0.75, 1.0]))
    thick = rng.uniform(0.05, 0.085)
    colour = np.array([(22, 20, 22), (58, 34, 22), (30, 36, 60), (120, 112, 100)][int(rng.integers(4))], np.float32)
    shape = scene.image.shape[:2]
    image = scene.image
    lenses = [
        _lens(c + _DOWN * 0.06, width * np.clip(s, 0.8, 1.12), height, power)
        for c, s in zip(centres, squeeze, strict=True)
    ]
    shadow = sum(_line(scene, lens + _SHADE, thick, True) for lens in lenses)
    shadow = cv2.GaussianBlur(np.asarray(shadow, np.float32).clip(0, 1), (0, 0), max(1.0, 0.03 * scene.unit))
    image = multiply(image, 1 - 0.35 * shadow)
    for lens in lenses:
        inside = polygon(shape, scene.at(lens))
        if dark:
            low, high = scene.at(lens)[:, 1].min(), scene.at(lens)[:, 1].max()
            ramp = ((np.arange(shape[0]) - low) / (high - low + 1)).clip(0, 1)[:, None] * np.ones(shape[1])
            tint = np.array([14, 14, 18], np.float32) + 26 * ramp[:, :, None].astype(np.float32)
            image = paint(image, inside * rng.uniform(0.86, 0.95), tint)
        else:
            image = paint(image, inside * rng.uniform(0.06, 0.14), np.array([190, 205, 215]))
        x0, x1, y0, y1 = lens[:, 0].min(), lens[:, 0].max(), lens[:, 1].min(), lens[:, 1].max()
        left = rng.uniform(0.05, 0.45)
        wide = rng.uniform(0.1, 0.25)
        streak = np.array([[left, 0], [left + wide, 0], [left + wide - 0.3, 1], [left - 0.3, 1]])
        streak = streak * [x1 - x0, y1 - y0] + [x0, y0]
        glare = polygon(shape, scene.at(streak), 0.03 * scene.unit) * inside
        image = paint(image, glare * rng.uniform(0.25, 0.55), np.array([245, 248, 255]))
    frame = sum(_line(scene, lens, thick, True) for lens in lenses)
    inner = [lenses[0][:, 0].max(), lenses[1][:, 0].min()]
    y = float(centres[0][1] + centres[1][1]) / 2
    bridge = _curve([(inner[0] - 0.02, y), ((inner[0] + inner[1]) / 2, y - 0.09), (inner[1] + 0.02, y)], closed=False)
    frame = frame + _line(scene, bridge, thick)
    for lens, ear, side in ((lenses[0], near, -1), (lenses[1], far, 1)):
        hinge = np.array([lens[:, 0].min() if side < 0 else lens[:, 0].max(), y - 0.1])
        frame = frame + _line(scene, np.array([hinge, [ear[0] + side * 0.06, min(ear[1], y) - 0.02]]), thick)
    mask = np.asarray(frame, np.float32).clip(0, 1)
    image = paint(image, mask, colour)
    shine = np.roll(mask, -max(1, round(0.015 * scene.unit)), axis=0) * (1 - mask)
    return paint(image, shine * 0.35, np.array([225, 225, 230]))


def _sides(scene: Scene) -> tuple[float, float, float, float]:
    """Left and right edge of the face, hairline and brow, in the head's axes."""
    return float(scene.head(234)[0]), float(scene.head(454)[0]), float(scene.head(10)[1]), float(scene.head(105)[1])


def hat(scene: Scene, rng: np.random.Generator) -> Image:
    """A cap, a beanie or a peci, pulled down over the hair to the forehead."""
    left, right, hairline, brow = _sides(scene)
    kind = ("cap", "beanie", "peci")[int(rng.integers(3))]
    base = hairline + (brow - hairline) * (rng.uniform(0.45, 0.7) if kind != "peci" else rng.uniform(0.15, 0.35))
    half = (right - left) / 2
    middle = (right + left) / 2
    a, b = middle - half * 1.22, middle + half * 1.22
    if kind == "peci":
        a, b = middle - half * 1.2, middle + half * 1.2
        top = base - rng.uniform(1.15, 1.35)
        outline = _curve(
            [
                (a, base + 0.12),
                (a + 0.06, top + 0.05),
                (middle, top - 0.06),
                (b - 0.06, top + 0.05),
                (b, base + 0.12),
                (middle, base - 0.02),
            ]
        )
        colour = np.array([16, 16, 20] if rng.random() < 0.8 else [70, 16, 26], np.float32)
    else:
        top = base - rng.uniform(1.35, 1.6)
        outline = _curve(
            [
                (a, base + 0.22),
                (a + 0.02, base - 0.5),
                (middle - half * 0.7, top + 0.18),
                (middle, top),
                (middle + half * 0.7, top + 0.18),
                (b - 0.02, base - 0.5),
                (b, base + 0.22),
                (middle, base),
            ]
        )
        colour = np.array(_CLOTH[int(rng.integers(len(_CLOTH)))], np.float32)
    image = _fabric(scene, outline, colour, rng)
    if kind == "beanie":
        fold = _curve(
            [
                (a - 0.03, base + 0.25),
                (a - 0.02, base - 0.16),
                (middle, base - 0.42),
                (b + 0.02, base - 0.16),
                (b + 0.03, base + 0.25),
                (middle, base + 0.03),
            ]
        )
        image = _fabric(Scene(image, scene.points), fold, colour * 0.82 + 10, rng, ribs=True)
    elif kind == "cap":
        lean = rng.uniform(-0.15, 0.15)
        brim = _curve(
            [
                (a + 0.1, base - 0.02),
                (middle - half * 0.6, base + 0.05),
                (middle + lean, base + 0.28),
                (middle + half * 0.6, base + 0.05),
                (b - 0.1, base - 0.02),
                (middle, base - 0.16),
            ]
        )
        shape = scene.image.shape[:2]
        under = polygon(shape, scene.at(brim + _DOWN * 0.14), 0.06 * scene.unit)
        image = multiply(image, 1 - 0.5 * under)
        image = _fabric(Scene(image, scene.points), brim, colour * 0.7, rng)
    return image


def _fabric(
    scene: Scene, outline: Points, colour: NDArray[np.float32], rng: np.random.Generator, ribs: bool = False
) -> Image:
    """An outline filled with cloth: round shading, weave, a soft shadow below it."""
    shape = scene.image.shape[:2]
    pixels = scene.at(outline)
    mask = polygon(shape, pixels, 0.012 * scene.unit)
    shadow = polygon(shape, scene.at(outline + _DOWN * 0.07), 0.05 * scene.unit) * (1 - mask)
    image = multiply(scene.image, 1 - 0.4 * shadow)
    x0, x1 = pixels[:, 0].min(), pixels[:, 0].max()
    across = ((np.arange(shape[1]) - x0) / (x1 - x0 + 1) * 2 - 1).clip(-1, 1)
    lamp = rng.uniform(-0.35, 0.35)
    shade = 0.55 + 0.6 * np.sqrt((1 - ((across - lamp) / 1.5) ** 2).clip(0, 1))
    weave = rng.standard_normal(shape, dtype=np.float32)
    weave = cv2.GaussianBlur(weave, (0, 0), 0.8) * 9 + cv2.resize(weave[::16, ::16], shape[::-1]) * 3
    if ribs:
        weave = weave + 14 * np.sign(np.sin(across * 34))[None, :]
    cloth = colour * shade[None, :, None] + weave[:, :, None]
    return paint(image, mask, cloth)


def hair_over_ears(scene: Scene, rng: np.random.Generator) -> Image:
    """Long hair, or a hood's edge, in front of both ears, from the crown to below the jaw."""
    left, right, hairline, _ = _sides(scene)
    chin = float(scene.head(152)[1])
    image = scene.image
    cloth = rng.random() < 0.25
    palette = _CLOTH if cloth else _HAIR
    colour = np.array(palette[int(rng.integers(len(palette)))], np.float32)
    length = chin + rng.uniform(0.1, 0.9)
    middle = (left + right) / 2
    for side, edge in ((-1, left), (1, right)):
        wave = rng.uniform(-0.06, 0.06, 4)
        inner = [
            (middle + side * 0.15, hairline - 0.28),
            (edge - side * 0.34, hairline + 0.2 + wave[0]),
            (edge - side * 0.06, 0.25 + wave[1]),
            (edge - side * 0.05, chin * 0.6),
            (edge + side * (0.0 + wave[2]), length),
        ]
        outer = [
            (edge + side * 0.55, length),
            (edge + side * 0.6, chin * 0.55),
            (edge + side * 0.55, 0.2),
            (edge + side * 0.38, hairline - 0.05),
            (edge - side * 0.1, hairline - 0.52),
            (middle, hairline - 0.66),
        ]
        inside, outside = _curve(inner, closed=False), _curve(outer, closed=False)
        outline = np.vstack([inside, np.array(inner[-1:]), outside, np.array(outer[-1:])])
        if cloth:
            image = _fabric(Scene(image, scene.points), outline, colour, rng)
        else:
            image = _strands(Scene(image, scene.points), outline, inside, outside[::-1], colour, rng)
    return image


def _strands(
    scene: Scene,
    outline: Points,
    inside: Points,
    outside: Points,
    colour: NDArray[np.float32],
    rng: np.random.Generator,
) -> Image:
    """An outline filled with strands that run between its two edges."""
    shape = scene.image.shape[:2]
    mask = polygon(shape, scene.at(outline), 0.015 * scene.unit)
    shadow = polygon(shape, scene.at(outline), 0.09 * scene.unit) * (1 - mask)
    image = paint(multiply(scene.image, 1 - 0.45 * shadow), mask, colour)
    steps = np.linspace(0, 1, 14)
    inner = np.column_stack([np.interp(steps, np.linspace(0, 1, len(inside)), inside[:, k]) for k in (0, 1)])
    outer = np.column_stack([np.interp(steps, np.linspace(0, 1, len(outside)), outside[:, k]) for k in (0, 1)])
    layer = image.copy()
    for t in np.sort(rng.uniform(-0.04, 1.02, 90)):
        strand = inner * (1 - t) + outer * t + rng.normal(0, 0.012, (len(steps), 2)).cumsum(0) * 0.6
        tone = colour * rng.uniform(0.6, 1.3) + (28 * np.exp(-((t - 0.45) ** 2) / 0.02)) * rng.uniform(0.2, 1)
        points = np.round(scene.at(strand) * 16).astype(np.int32)
        thick = max(1, round(scene.unit * rng.uniform(0.008, 0.03)))
        cv2.polylines(layer, [points], False, tuple(float(c) for c in tone.clip(0, 255)), thick, cv2.LINE_AA, 4)
    return paint(image, np.ones(shape, np.float32) * 0.9, layer)
