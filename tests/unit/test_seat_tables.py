"""Seats by example: who is verified next, quotas by area, and the last position of a tier that holds a place."""

from __future__ import annotations

import pytest

from pipeline.draw.seats import AreaSeats, Seats, TierCounts, allocate_by_area, next_to_verify
from pipeline.draw.ticket_draw import last_position
from tests.spec.world import wave

WAVE = wave(3, quota=10, priority_share=0.5, refill=True)


@pytest.mark.parametrize(
    ("priority", "public", "following"),
    [
        # eligible, holding, waiting
        ((20, 0, 20), (20, 0, 20), (5, 5)),
        ((20, 5, 9), (20, 5, 9), (0, 0)),
        ((20, 3, 9), (20, 5, 9), (2, 0)),
        ((20, 5, 9), (20, 2, 9), (0, 3)),
        ((20, 3, 1), (20, 5, 9), (1, 1)),  # the tier has one left, the other takes the second place
        ((20, 5, 9), (20, 3, 1), (1, 1)),
        ((20, 3, 0), (20, 3, 1), (0, 1)),
        ((20, 0, 3), (20, 0, 2), (3, 2)),
        ((20, 6, 9), (20, 5, 9), (0, 0)),  # more than the quota: a reviewer accepted somebody
        ((20, 7, 9), (20, 1, 9), (0, 2)),  # the listed hold more than their share
        ((20, 1, 9), (20, 7, 9), (2, 0)),
        ((2, 1, 1), (20, 7, 9), (1, 1)),
        ((0, 0, 0), (0, 0, 0), (0, 0)),
    ],
)
def test_who_is_verified_next(
    priority: tuple[int, int, int], public: tuple[int, int, int], following: tuple[int, int]
) -> None:
    assert next_to_verify(WAVE, TierCounts(*priority), TierCounts(*public)) == Seats(*following)


def test_places_by_area() -> None:
    areas = wave(3, quota=10, priority_share=0.5, areas=(("31", 0.4), ("94", 0.29)))
    people = {
        ("31", "priority"): 3, ("31", "public"): 10, ("94", "priority"): 1, ("12", "priority"): 2, (None, "public"): 4,
    }  # fmt: skip
    assert allocate_by_area(areas, people) == AreaSeats({"31": Seats(2, 2), "94": Seats(1, 0)}, Seats(2, 3))
    few = allocate_by_area(areas, {("31", "public"): 5, ("94", "priority"): 2, (None, "priority"): 1})
    assert few == AreaSeats({"31": Seats(0, 4), "94": Seats(2, 0)}, Seats(1, 1))  # fewer people than places
    assert allocate_by_area(areas, {}) == AreaSeats({"31": Seats(0, 0), "94": Seats(0, 0)}, Seats(0, 0))


@pytest.mark.parametrize(
    ("before", "seats", "passed_over", "last"),
    [
        (0, 3, [], 3),
        (0, 3, [2], 4),
        (0, 3, [3], 4),
        (0, 3, [4], 3),
        (0, 3, [2, 4], 5),
        (0, 3, [1, 2, 3, 7], 6),
        (10, 2, [11, 14], 13),
        (10, 0, [], 10),
    ],
)
def test_the_last_position_that_holds_a_place(before: int, seats: int, passed_over: list[int], last: int) -> None:
    assert last_position(before, seats, passed_over) == last
