"""How a card lies, from points of which some are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.selfie.card.card_layout import POINTS
from pipeline.selfie.card.card_plane import corners, plane, through

LAYOUT = np.array(POINTS)
LEVEL = np.array([[138.0, 0, 27], [0, 87, 20], [0, 0, 1]])
ASLANT = np.array([[120.0, -30, 40], [25, 80, 10], [0.08, -0.05, 1]])
MIRRORED = LEVEL * [[1, 1, 1], [1, -1, 1], [1, 1, 1]] + [[0, 0, 0], [0, 0, 90], [0, 0, 0]]


@pytest.mark.parametrize("lies", [LEVEL, ASLANT, MIRRORED], ids=["level", "aslant", "mirrored"])
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({}, id="every point is right"),
        pytest.param({2: (40.0, 0.0)}, id="a corner was taken for another one"),
        pytest.param({0: (0.0, 30.0), 7: (-25.0, 9.0)}, id="two are off"),
    ],
)
def test_a_plane_goes_through_the_points_that_agree(lies: np.ndarray, wrong: dict[int, tuple[float, float]]) -> None:
    found, sure = through(lies, LAYOUT), np.full(len(LAYOUT), 0.9)
    for at, off in wrong.items():
        found[at] += off
        sure[at] = 0.5
    assert np.abs(corners(plane(found, sure)) - through(lies, LAYOUT[:4])).max() < (2.0 if wrong else 0.3)


def test_a_point_that_nobody_is_sure_of_does_not_count() -> None:
    found, sure = through(LEVEL, LAYOUT), np.ones(len(LAYOUT))
    found[1], sure[1] = (0.0, 0.0), 0.0
    assert np.abs(corners(plane(found, sure)) - through(LEVEL, LAYOUT[:4])).max() < 0.1


def test_points_of_a_heap_are_a_plane_that_can_be_looked_at() -> None:
    assert np.isfinite(plane(np.full((len(LAYOUT), 2), 50.0), np.ones(len(LAYOUT)))).all()
