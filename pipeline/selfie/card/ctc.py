"""How likely a number is, given what a network saw along a line of print (connectionist temporal classification).

``steps`` [t, 11] are probabilities of the blank and of the ten digits at each step. Pure numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.float64]
_LEAST = 1e-7  # the highest certainty of a step
_LOWEST = -300.0  # the logarithm of what is too small to be a number


def log_likelihoods(steps: Steps, numbers: Sequence[str]) -> NDArray[np.float64]:
    """The natural logarithm of the probability of each number, all of one length: the sum over every way to write it
    along the steps (Graves et al., 2006)."""
    seen = np.maximum(steps, _LEAST)
    digits = np.array([[int(digit) + 1 for digit in number] for number in numbers])
    labels = np.zeros((len(numbers), 2 * digits.shape[1] + 1), int)  # a blank before, between and after digits
    labels[:, 1::2] = digits
    skips = np.zeros(labels.shape)  # 1: from one digit directly to another one
    skips[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    state = np.zeros(labels.shape)
    state[:, :2] = seen[0][labels[:, :2]]
    for step in seen[1:]:
        before = state.copy()
        state[:, 1:] += before[:, :-1]
        state[:, 2:] += before[:, :-2] * skips[:, 2:]
        state *= step[labels]
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(state[:, -1] + state[:, -2]), _LOWEST)


def likeliest_way(steps: Steps) -> str:
    """The digits of the single likeliest way, of whatever length."""
    best = steps.argmax(1)
    return "".join(str(now - 1) for before, now in zip([0, *best[:-1]], best, strict=True) if now not in (0, before))


def one_digit_apart(number: str) -> list[str]:
    """Every number that differs from this one in exactly one digit."""
    return [
        number[:at] + digit + number[at + 1 :]
        for at in range(len(number))
        for digit in "0123456789"
        if digit != number[at]
    ]
