"""What a reading of a card says of the number that was given."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.selfie.card.card_check import CardReading, CardResult, compared, is_number, without_colon
from pipeline.selfie.card.ctc import Steps

NUMBER = "3171234567890123"
ONE_OFF = "3171234567890128"


def seen(number: str, sure: float = 0.999, doubt: dict[int, str] | None = None) -> CardReading:
    """A reading of a number: at each digit this sure, the rest for the digit that is ``doubt`` there, else for all."""
    rows: list[np.ndarray] = []
    for place, digit in enumerate(number):
        row = np.full(11, (1 - sure) / 10)
        if place in (doubt or {}):
            row[:] = 1e-6
            row[int((doubt or {})[place]) + 1] = 1 - sure
        row[int(digit) + 1] = sure
        rows += [row, np.eye(11)[0] * 0.99 + 0.001]
    return CardReading(np.asarray(rows, np.float64))


@pytest.mark.parametrize(
    ("reading", "given", "state"),
    [
        pytest.param(None, NUMBER, "missing", id="no card"),
        pytest.param(None, None, "missing", id="no card and no number"),
        pytest.param(CardReading(), None, "seen", id="no number was given"),
        pytest.param(seen(NUMBER), None, "seen", id="read for another pair"),
        pytest.param(seen(NUMBER), "31712345", "seen", id="not a number"),
        pytest.param(seen(NUMBER), NUMBER, "agrees", id="the number"),
        pytest.param(seen(NUMBER), ONE_OFF, "differs", id="one digit altered"),
        pytest.param(seen(NUMBER), "5201554402990001", "differs", id="another number"),
        pytest.param(seen(NUMBER, 0.55, {15: "8"}), ONE_OFF, "unreadable", id="an unsure digit"),
        pytest.param(seen(NUMBER, 0.25), NUMBER, "unreadable", id="a blur"),
        pytest.param(seen(NUMBER[:12]), NUMBER, "unreadable", id="four digits under a finger"),
    ],
)
def test_the_state_of_a_card(reading: CardReading | None, given: str | None, state: str) -> None:
    assert compared(reading, given).state == state


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
    steps = seen(read).steps
    assert steps is not None
    assert compared(CardReading(without_colon(steps)), NUMBER).state == state


def test_the_score_tells_how_likely_the_number_is() -> None:
    right, wrong = compared(seen(NUMBER), NUMBER).score, compared(seen(NUMBER), ONE_OFF).score
    assert right is not None
    assert wrong is not None
    assert right > 0.95
    assert wrong < 0.05
    assert compared(None, NUMBER) == CardResult("missing", None)


@pytest.mark.parametrize(("given", "is_one"), [(NUMBER, True), (None, False), ("", False), ("１" * 16, False)])
def test_sixteen_ascii_digits_are_a_number(given: str | None, is_one: bool) -> None:
    assert is_number(given) is is_one


def test_steps_are_not_changed_by_a_comparison() -> None:
    reading = seen(NUMBER)
    before: Steps = np.array(reading.steps)
    compared(reading, ONE_OFF)
    assert np.array_equal(before, np.asarray(reading.steps))
