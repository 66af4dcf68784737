"""What two readers' views of a line say of a number that was given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.selfie.card.card_check import without_colon
from pipeline.selfie.card.ctc import Steps
from pipeline.selfie.card.number_evidence import judged

NUMBER = "3171234567890123"
ONE_OFF = "3171234567890128"


def seen(number: str, sure: float = 0.999, doubt: dict[int, tuple[str, float]] | None = None) -> Steps:
    """A view of a number: each digit this sure, the rest for all; where there is a doubt, so much for that digit."""
    rows: list[np.ndarray] = []
    for place, digit in enumerate(number):
        row = np.full(11, (1 - sure) / 10)
        row[int(digit) + 1] = sure
        if place in (doubt or {}):
            other, share = (doubt or {})[place]
            row[[int(digit) + 1, int(other) + 1]] = 1 - share, share
        rows += [row, np.eye(11)[0] * 0.99 + 0.001]
    return np.asarray(rows, np.float64)


HAZY = seen(NUMBER, doubt={15: ("8", 0.4)})


def never() -> Steps:
    raise AssertionError("the second reader is not needed")


def test_a_clear_number_needs_one_reader() -> None:
    state, score = judged(NUMBER, seen(NUMBER), never)
    assert state == "agrees"
    assert score > 0.99


@pytest.mark.parametrize(
    ("first", "second", "given", "state"),
    [
        pytest.param(seen(NUMBER), seen(NUMBER), ONE_OFF, "differs", id="one digit altered"),
        pytest.param(seen(NUMBER), seen(NUMBER), "5201554402990001", "differs", id="another number"),
        pytest.param(HAZY, seen(NUMBER), NUMBER, "agrees", id="the second one is sure"),
        pytest.param(HAZY, seen(NUMBER), ONE_OFF, "differs", id="and another digit is given"),
        pytest.param(HAZY, HAZY, ONE_OFF, "unreadable", id="unsure"),
        pytest.param(seen(NUMBER), seen(ONE_OFF), ONE_OFF, "unreadable", id="they contradict each other"),
        pytest.param(seen(NUMBER, 0.2), seen(NUMBER, 0.2), NUMBER, "unreadable", id="a blur"),
        pytest.param(seen(NUMBER[:12]), seen(NUMBER[:12]), NUMBER, "unreadable", id="four digits under a finger"),
        pytest.param(seen(NUMBER[:12]), seen(NUMBER), NUMBER, "unreadable", id="a digit too few for one of them"),
    ],
)
def test_a_doubt_is_for_both(first: Steps, second: Steps, given: str, state: str) -> None:
    assert judged(given, first, lambda: second)[0] == state


@pytest.mark.parametrize(
    ("read", "state"),
    [
        pytest.param("1" + NUMBER, "agrees", id="a colon read as a 1"),
        pytest.param("7" + NUMBER, "unreadable", id="a digit that is no colon"),
        pytest.param(NUMBER[1:], "unreadable", id="a digit too few"),
        pytest.param("1" + ONE_OFF, "differs", id="a colon before another number"),
    ],
)
def test_a_colon_before_the_number_is_no_digit(read: str, state: str) -> None:
    steps = without_colon(seen(read))
    assert judged(NUMBER, steps, lambda: steps)[0] == state


def test_the_score_tells_how_likely_the_number_is() -> None:
    assert judged(NUMBER, seen(NUMBER), never)[1] > 0.95
    assert judged(ONE_OFF, seen(NUMBER), lambda: seen(NUMBER))[1] < 0.05


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.integers(20, 64), st.sampled_from([0.02, 0.3, 100.0]))
def test_whatever_was_seen_is_judged(seed: int, length: int, spread: float) -> None:
    first, second = np.random.default_rng(seed).dirichlet(np.full(11, spread), (2, length))
    state, score = judged(NUMBER, first, lambda: second)
    assert state in {"agrees", "differs", "unreadable"}
    assert 0 <= score <= 1


@pytest.mark.parametrize("seed", [37, 38, 94])
def test_numbers_that_are_equally_likely_are_judged(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.full((int(rng.integers(31, 64)), 11), 1e-3)
    steps[1::2, 0] = 0.95
    for step in steps[::2]:  # two digits are as likely as each other, at every place
        step[rng.integers(1, 11, 2)] = 0.4
    steps /= steps.sum(1, keepdims=True)
    number = "".join(str(digit) for digit in rng.integers(0, 10, 16))
    assert judged(number, steps, lambda: steps)[0] == "unreadable"


def test_what_was_seen_is_not_changed() -> None:
    steps = seen(NUMBER)
    before = steps.copy()
    judged(ONE_OFF, steps, lambda: steps)
    assert np.array_equal(before, steps)
