"""Whether the identity card in a selfie bears the number that was given: found, read, compared. Pixels only.

Only one word and one score of a card are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.card.card_layout import DIGITS
from pipeline.selfie.card.ctc import Steps
from pipeline.selfie.card.number_evidence import judged
from pipeline.selfie.card.number_line import number_line
from pipeline.selfie.networks import digit_reader, line_network
from pipeline.selfie.verdict import CardState


@dataclass(frozen=True)
class CardReading:
    """What was seen of a card: its corners [4, 2] in shares of the picture's width and height, and the line [48, 256]
    with its number, or nothing where it was not asked for or cannot be had. A reader looks at the line when it is
    asked, and once."""

    corners: NDArray[np.float64]
    line: NDArray[np.uint8] | None = None

    @cached_property
    def first(self) -> Steps:
        """What the quick reader sees along the line."""
        assert self.line is not None
        return line_network.likelihoods(self.line)

    @cached_property
    def second(self) -> Steps:
        """What PP-OCR's network sees along it."""
        assert self.line is not None
        return without_colon(digit_reader.likelihoods(self.line))


@dataclass(frozen=True)
class CardResult:
    """``score`` 0–1: how likely the given number is, compared with the likeliest other one; None: no comparison."""

    state: CardState
    score: float | None = None


def read_card(small: NDArray[np.uint8], larger: Callable[[], NDArray[np.uint8] | None] | None) -> CardReading | None:
    """What is seen of the card in a picture; None where there is none. ``small``: the picture in which faces are looked
    for; ``larger`` gives the same grey [h, w], in the size in which print is read, if it can; None where no number is
    to be compared."""
    found = find_card(small)
    if found is None:
        return None
    corners = found / small.shape[1::-1]
    full = larger() if larger is not None else None
    return CardReading(corners, None if full is None else number_line(full, corners * full.shape[1::-1]))


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
    if not is_number(number):
        return CardResult("seen")
    if reading.line is None:
        return CardResult("unreadable")
    return CardResult(*judged(number, reading.first, lambda: reading.second))


def is_number(number: str | None) -> TypeGuard[str]:
    """Whether this is what a card's number can be: sixteen ASCII digits."""
    return number is not None and len(number) == DIGITS and number.isascii() and number.isdecimal()
