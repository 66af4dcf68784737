"""How a card lies: a perspective from the card's own shares of width and height to pixels, from points that were found.

A point that a finger hides or that was taken for another one loses its weight. Pure numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_layout import CARD, POINTS

Points = NDArray[np.float64]

_ROUNDS = 4
#: Pixels of what the network sees from which on a point counts for less.
_OFF = 2.0
#: Cards are nearly flat to the camera: how much a strong perspective is held back.
_FLAT = 0.02
_UNIT = 100.0  # pixels; the numbers that are solved for are then about 1


def plane(found: Points, sure: NDArray[np.float64]) -> Points:
    """The perspective [3, 3] to pixels that fits the points [10, 2] best, ``sure`` [10] being the weight of each."""
    x, y = np.array(POINTS).T
    u, v = (found / _UNIT).T
    none, one = np.zeros(len(x)), np.ones(len(x))
    system = np.concatenate(
        [
            np.column_stack([x, y, one, none, none, none, -u * x, -u * y]),
            np.column_stack([none, none, none, x, y, one, -v * x, -v * y]),
        ]
    )
    held = np.full(8, 1e-9)  # so that there is always one answer
    held[6:] = _FLAT
    weights = sure.copy()
    for _ in range(_ROUNDS):
        weighted = (system * np.concatenate([weights, weights])[:, None]).T
        values = np.linalg.solve(weighted @ system + np.diag(held), weighted @ np.concatenate([u, v]))
        made = np.append(values, 1.0).reshape(3, 3) * np.array([[_UNIT], [_UNIT], [1.0]])
        off = np.linalg.norm(through(made, np.array(POINTS)) - found, axis=1)
        weights = sure / (1 + (off / _OFF) ** 2)
    return made


def through(matrix: Points, points: Points) -> Points:
    """Points [n, 2] through a perspective."""
    placed = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(placed[:, :2] / placed[:, 2:], np.float64)


def corners(matrix: Points) -> Points:
    """The card's corners [4, 2] in pixels, from the print's upper left on."""
    return through(matrix, np.array(CARD.corners))
