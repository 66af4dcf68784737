"""A cap, a beanie or a peci, drawn on a head. Pixels only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.photos.accessories.outlines import CLOTH, DOWN, Edges, Points, curve, fabric
from pipeline.simulate.photos.canvas import Scene, multiply, polygon
from pipeline.simulate.photos.face_sources import Image


def hat(scene: Scene, rng: np.random.Generator) -> Image:
    """A cap, a beanie or a peci, pulled down over the hair to the forehead."""
    edges = Edges.of(scene)
    kind = ("cap", "beanie", "peci")[int(rng.integers(3))]
    down = rng.uniform(0.45, 0.7) if kind != "peci" else rng.uniform(0.15, 0.35)
    base = edges.hairline + (edges.brow - edges.hairline) * down
    if kind == "peci":
        outline, colour = _peci(edges, base, rng)
        return fabric(scene, outline, colour, rng)
    outline = _crown(edges, base, rng)
    colour = np.array(CLOTH[int(rng.integers(len(CLOTH)))], np.float32)
    worn = Scene(fabric(scene, outline, colour, rng), scene.points)
    if kind == "beanie":
        return fabric(worn, _fold(edges, base), colour * 0.82 + 10, rng, ribs=True)
    brim = _brim(edges, base, rng)
    under = polygon(scene.image.shape[:2], scene.at(brim + DOWN * 0.14), 0.06 * scene.unit)
    shaded = multiply(worn.image, 1 - 0.5 * under)
    return fabric(Scene(shaded, scene.points), brim, colour * 0.7, rng)


def _ends(edges: Edges, share: float) -> tuple[float, float]:
    """Left and right end of headgear that reaches so many times as far as the face."""
    half = edges.half * share
    return edges.middle - half, edges.middle + half


def _peci(edges: Edges, base: float, rng: np.random.Generator) -> tuple[Points, NDArray[np.float32]]:
    """The outline of a peci, and its colour: most are black."""
    a, b = _ends(edges, 1.2)
    top = base - rng.uniform(1.15, 1.35)
    outline = curve(
        [
            (a, base + 0.12),
            (a + 0.06, top + 0.05),
            (edges.middle, top - 0.06),
            (b - 0.06, top + 0.05),
            (b, base + 0.12),
            (edges.middle, base - 0.02),
        ]
    )
    return outline, np.array([16, 16, 20] if rng.random() < 0.8 else [70, 16, 26], np.float32)


def _crown(edges: Edges, base: float, rng: np.random.Generator) -> Points:
    """The outline of a cap or a beanie without its brim or fold."""
    a, b = _ends(edges, 1.22)
    middle, half = edges.middle, edges.half
    top = base - rng.uniform(1.35, 1.6)
    return curve(
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


def _fold(edges: Edges, base: float) -> Points:
    """The outline of a beanie's fold."""
    a, b = _ends(edges, 1.22)
    return curve(
        [
            (a - 0.03, base + 0.25),
            (a - 0.02, base - 0.16),
            (edges.middle, base - 0.42),
            (b + 0.02, base - 0.16),
            (b + 0.03, base + 0.25),
            (edges.middle, base + 0.03),
        ]
    )


def _brim(edges: Edges, base: float, rng: np.random.Generator) -> Points:
    """The outline of a cap's brim, which points a little to one side."""
    a, b = _ends(edges, 1.22)
    middle, half = edges.middle, edges.half
    lean = rng.uniform(-0.15, 0.15)
    return curve(
        [
            (a + 0.1, base - 0.02),
            (middle - half * 0.6, base + 0.05),
            (middle + lean, base + 0.28),
            (middle + half * 0.6, base + 0.05),
            (b - 0.1, base - 0.02),
            (middle, base - 0.16),
        ]
    )
