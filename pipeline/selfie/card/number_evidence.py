"""What two readers saw along a card's number says of the number that was given. Pure numbers.

The first reader is quick and decides only what is clear. Where it leaves a doubt, the second one is asked, and what
both saw counts together: their likelihoods are multiplied, as those of two observers. What is asked is always how
likely the given number is against the likeliest other one, so that a blurred card gives *unreadable* and not a wrong
number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.selfie.card.card_layout import DIGITS
from pipeline.selfie.card.ctc import Steps, likeliest_way, log_likelihoods, log_likelihoods_near

Judgement = Literal["agrees", "differs", "unreadable"]

#: Thresholds, as natural logarithms, chosen on renderings to learn from, in letterings that were not (model card).
#: The given number *agrees* if it is so much likelier than any other one, and at least so likely itself: for the first
#: reader alone, and for both.
ALONE, ALONE_AT_LEAST = 4.0, -3.0
BOTH, BOTH_AT_LEAST = 1.5, -8.0
#: The card *differs* if both read another number: so likely itself, so much likelier than any number that differs from
#: it in one digit, and so much likelier than the given one.
READ_AT_LEAST, READ, DIFFER = -8.0, 1.5, 6.0
#: Numbers that differ by less are equally likely: the same logarithm, reckoned in two ways, differs by rounding.
_ALIKE = 1e-6


@dataclass(frozen=True)
class _Fit:
    """How well a number fits: its logarithm, and that of the likeliest other number, and which that is."""

    mine: float
    other: float
    likeliest_other: str


def judged(number: str, first: Steps, second: Callable[[], Steps]) -> tuple[Judgement, float]:
    """The judgement of a number of sixteen digits; and 0–1: how likely it is, compared with the likeliest other one."""
    alone = _fit(number, [first])
    if alone.mine >= ALONE_AT_LEAST and alone.mine - alone.other >= ALONE:
        return "agrees", _score(alone)
    readers = [first, second()]
    fit = _fit(number, readers)
    if fit.mine >= BOTH_AT_LEAST and fit.mine - fit.other >= BOTH:
        return "agrees", _score(fit)
    read = _read(fit, readers)
    clear = read.mine >= READ_AT_LEAST and read.mine - read.other >= READ and read.mine - fit.mine >= DIFFER
    return ("differs" if clear else "unreadable"), _score(fit)


def _fit(number: str, readers: Sequence[Steps]) -> _Fit:
    """Others are every number with one digit altered, and what each reader reads."""
    near = np.sum([log_likelihoods_near(steps, number) for steps in readers], axis=0)
    places, own = range(DIGITS), [int(digit) for digit in number]
    mine = float(near[0, own[0]])
    near[places, own] = -math.inf
    place, digit = divmod(int(near.argmax()), 10)
    found = {number[:place] + str(digit) + number[place + 1 :]: float(near.max())}
    for way in {likeliest_way(steps) for steps in readers} - {number}:
        if len(way) == DIGITS:
            found[way] = float(sum(log_likelihoods(steps, [way])[0] for steps in readers))
    likeliest = max(found, key=lambda other: found[other])
    return _Fit(mine, found[likeliest], likeliest)


def _read(fit: _Fit, readers: Sequence[Steps]) -> _Fit:
    """How well the number fits that is likelier than any other one, reached from the given number's best rival."""
    now = _fit(fit.likeliest_other, readers)
    while now.other > now.mine + _ALIKE:
        now = _fit(now.likeliest_other, readers)
    return now


def _score(fit: _Fit) -> float:
    return 1 / (1 + math.exp(min(60.0, fit.other - fit.mine)))
