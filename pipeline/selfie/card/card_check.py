"""Whether the identity card in a selfie bears the number that was given: found, read, compared. Pixels only.

Only one word and one score of a card are kept. What is asked is how likely the given number is against the
likeliest other one, so that a blurred card gives *unreadable* and not a wrong number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.card.card_layout import DIGITS
from pipeline.selfie.card.ctc import Steps, likeliest_way, log_likelihoods, one_digit_apart
from pipeline.selfie.card.number_line import number_line
from pipeline.selfie.networks.digit_reader import likelihoods
from pipeline.selfie.verdict import CardState

#: Thresholds, as natural logarithms, chosen on renderings of the variety to learn from (model card).
#: The given number *agrees* if it is this much likelier than any other one, and at least so likely itself.
AGREE, AGREE_AT_LEAST = 1.0, -6.0
#: The card *differs* if another number is read: so likely itself, so much likelier than any number that differs from it
#: in one digit, and so much likelier than the given one.
READ_AT_LEAST, READ, DIFFER = -3.0, 1.0, 4.0


@dataclass(frozen=True)
class CardReading:
    """What was seen of a card: along its number, or nothing where it was not asked for."""

    steps: Steps | None = None


@dataclass(frozen=True)
class CardResult:
    """``score`` 0–1: how likely the given number is, compared with the likeliest other one; None: no comparison."""

    state: CardState
    score: float | None = None


def read_card(small: NDArray[np.uint8], larger: Callable[[], NDArray[np.uint8]] | None) -> CardReading | None:
    """What is seen of the card in a picture; None where there is none. ``small``: the picture in which faces are looked
    for; ``larger`` gives the same grey [h, w], in the size in which print is read; None where no number is to be
    compared."""
    found = find_card(small)
    if found is None:
        return None
    if larger is None:
        return CardReading()
    full = larger()
    scale = np.array([full.shape[1] / small.shape[1], full.shape[0] / small.shape[0]])
    return CardReading(without_colon(likelihoods(number_line(full, found * scale))))


def without_colon(steps: Steps) -> Steps:
    """The steps from the second digit on, where seventeen are read and the first is a 1: that is the colon before the
    number, on a line that was cut a little too far to the left."""
    best = steps.argmax(1)
    begins = [at for at, (before, now) in enumerate(zip([0, *best[:-1]], best, strict=True)) if now not in (0, before)]
    colon = len(begins) == DIGITS + 1 and best[begins[0]] == 2  # class 2 is the digit 1
    return steps[begins[1] :] if colon else steps


def compared(reading: CardReading | None, number: str | None) -> CardResult:
    """What the reading says of the number that was given; None: none was given."""
    if reading is None:
        return CardResult("missing")
    if reading.steps is None or not is_number(number):
        return CardResult("seen")
    assert number is not None
    way = likeliest_way(reading.steps)
    read = way if len(way) == DIGITS else None
    others = one_digit_apart(number) + ([read] if read and read != number else [])
    mine, *rest = log_likelihoods(reading.steps, [number, *others])
    other = max(rest)
    score = 1 / (1 + math.exp(min(60.0, float(other - mine))))
    if mine >= AGREE_AT_LEAST and mine - other >= AGREE:
        return CardResult("agrees", score)
    if read and read != number:
        itself, *near = log_likelihoods(reading.steps, [read, *one_digit_apart(read)])
        if itself >= READ_AT_LEAST and itself - max(near) >= READ and itself - mine >= DIFFER:
            return CardResult("differs", score)
    return CardResult("unreadable", score)


def is_number(number: str | None) -> bool:
    """Whether this is what a card's number can be: sixteen ASCII digits."""
    return number is not None and len(number) == DIGITS and number.isascii() and number.isdecimal()
