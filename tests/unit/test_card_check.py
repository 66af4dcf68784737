"""What is said of a card where no number is compared, and what counts as a number."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.selfie.card.card_check import CardReading, CardResult, compared, is_number
from pipeline.selfie.verdict import CardState

NUMBER = "3171234567890123"
LINE = np.zeros((48, 256), np.uint8)
WHOLE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("reading", "given", "state"),
    [
        pytest.param(None, NUMBER, "missing", id="no card"),
        pytest.param(None, None, "missing", id="no card and no number"),
        pytest.param(CardReading(WHOLE), None, "seen", id="no number was given"),
        pytest.param(CardReading(WHOLE, LINE), None, "seen", id="cut out for another pair"),
        pytest.param(CardReading(WHOLE, LINE), "31712345", "seen", id="not a number"),
        pytest.param(CardReading(WHOLE), NUMBER, "unreadable", id="no line can be cut out"),
    ],
)
def test_a_card_without_a_comparison(reading: CardReading | None, given: str | None, state: CardState) -> None:
    assert compared(reading, given) == CardResult(state)


@pytest.mark.parametrize(("given", "is_one"), [(NUMBER, True), (None, False), ("", False), ("１" * 16, False)])
def test_sixteen_ascii_digits_are_a_number(given: str | None, is_one: bool) -> None:
    assert is_number(given) is is_one
