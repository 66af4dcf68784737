"""How likely a number is along a line of print: against every way of writing it, one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.selfie.card.ctc import likeliest_way, log_likelihoods, log_likelihoods_near
from tools.selfie.card_figures import one_digit_apart


def collapsed(way: tuple[int, ...]) -> str:
    """The digits of one way: repeats are one, blanks are none."""
    return "".join(str(now - 1) for before, now in zip((0, *way), way, strict=False) if now not in (0, before))


@pytest.mark.parametrize("number", ["1", "01", "11", "010", "221"])
def test_the_likelihood_is_the_sum_over_every_way(number: str) -> None:
    steps = np.zeros((5, 11))
    steps[:, :4] = np.random.default_rng(3).dirichlet(np.ones(4), 5)  # blank and the digits 0 to 2
    ways = [way for way in product(range(4), repeat=5) if collapsed(way) == number]
    expected = sum(float(np.prod([steps[t, c] for t, c in enumerate(way)])) for way in ways)
    assert np.exp(log_likelihoods(steps, [number]))[0] == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_numbers_are_judged_side_by_side_as_alone() -> None:
    steps = np.random.default_rng(1).dirichlet(np.ones(11), 40)
    numbers = ["1234567890123456", "1111111111111111", "9081726354453627"]
    alone = [float(log_likelihoods(steps, [number])[0]) for number in numbers]
    assert log_likelihoods(steps, numbers) == pytest.approx(alone)


@settings(max_examples=25, deadline=None)
@given(st.text("0123", min_size=2, max_size=6), st.integers(6, 20), st.integers(0, 2**16))
def test_near_numbers_are_judged_all_at_once_as_one_by_one(number: str, length: int, seed: int) -> None:
    steps = np.random.default_rng(seed).dirichlet(np.full(11, 0.3), length)
    near = [[number[:at] + digit + number[at + 1 :] for digit in "0123456789"] for at in range(len(number))]
    alone = [log_likelihoods(steps, numbers) for numbers in near]
    assert log_likelihoods_near(steps, number) == pytest.approx(np.array(alone), abs=1e-8)


@pytest.mark.parametrize(("way", "number"), [((1, 1, 0, 2), "01"), ((3, 0, 3, 3), "22"), ((0, 0, 0, 0), "")])
def test_the_likeliest_way_joins_what_repeats(way: tuple[int, ...], number: str) -> None:
    assert likeliest_way(np.eye(11)[list(way)]) == number


def test_a_number_has_nine_neighbours_a_digit() -> None:
    near = one_digit_apart("3171234567890123")
    assert len(set(near)) == 16 * 9
    assert all(sum(a != b for a, b in zip(one, "3171234567890123", strict=True)) == 1 for one in near)
