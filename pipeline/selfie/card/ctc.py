"""How likely a number is, given what a network saw along a line of print (connectionist temporal classification).

``steps`` [t, 11] are probabilities of the blank and of the ten digits at each step. Pure numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.float64]
_LEAST = 1e-7  # the highest certainty of a step
_LOWEST = -300.0  # the logarithm of what is too small to be a number


def log_likelihoods(steps: Steps, numbers: Sequence[str]) -> NDArray[np.float64]:
    """The natural logarithm of the probability of each number, all of one length: the sum over every way to write it
    along the steps (Graves et al., 2006)."""
    digits = np.array([_classes(number) for number in numbers]).T
    last = _forward(np.maximum(steps, _LEAST)[:, _labels(digits)], digits)[-1]
    return _logarithm(last[-1] + last[-2])


def log_likelihoods_near(steps: Steps, number: str) -> NDArray[np.float64]:
    """The same of every number that differs from this one in at most one digit [places, 10]: at that place, for each
    digit.

    A way of such a number is one of this number's before that place, and one after it. So both are reckoned once for
    all of them, and only what lies between for each digit.
    """
    seen = np.maximum(steps, _LEAST)
    digits = np.array(_classes(number))
    both = np.stack([digits, digits[::-1]], 1)
    labelled = np.stack([seen[:, _labels(digits[:, None])[:, 0]], seen[::-1][:, _labels(digits[::-1, None])[:, 0]]], 2)
    ways = _forward(labelled, both)
    before, after = ways[:, :, 0], ways[::-1, ::-1, 1]  # up to a step and a label; from there on, both inclusive
    others = np.arange(1, 11)
    from_before = np.concatenate([np.zeros((1, 10)), digits[:-1, None] != others])
    to_after = np.concatenate([digits[1:, None] != others, np.zeros((1, 10))])
    entered = np.zeros((len(seen), len(digits), 10))  # a step with another digit begins after the step before
    entered[1:] = before[:-1, 0:-1:2, None]
    entered[1:, 1:] += before[:-1, 1:-2:2, None] * from_before[1:]
    entered[0, 0] = 1.0
    left = np.zeros_like(entered)
    left[:-1] = after[1:, 2::2, None]
    left[:-1, :-1] += after[1:, 3::2, None] * to_after[:-1]
    left[-1, -1] = 1.0
    digit, found = np.zeros((len(digits), 10)), np.zeros((len(digits), 10))
    for step, enters, leaves in zip(seen[:, 1:], entered, left, strict=True):
        digit += enters
        digit *= step
        found += digit * leaves
    return _logarithm(found)


def likeliest_way(steps: Steps) -> str:
    """The digits of the single likeliest way, of whatever length."""
    best = steps.argmax(1)
    return "".join(str(now - 1) for before, now in zip([0, *best[:-1]], best, strict=True) if now not in (0, before))


def _classes(number: str) -> list[int]:
    return [int(digit) + 1 for digit in number]


def _labels(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """The digits [n, numbers] with a blank before, between and after them."""
    labels = np.zeros((2 * len(digits) + 1, digits.shape[1]), int)
    labels[1::2] = digits
    return labels


def _forward(seen: NDArray[np.float64], digits: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of every way up to each step and label [steps, labels, numbers], given each label's own at each
    step."""
    skips = np.zeros((seen.shape[1] - 2, seen.shape[2]))  # 1: from one digit directly to another one
    skips[1::2] = digits[1:] != digits[:-1]
    ways = seen.copy()
    ways[0, 2:] = 0
    for before, now in pairwise(ways):
        reached = before.copy()
        reached[1:] += before[:-1]
        reached[2:] += before[:-2] * skips
        now *= reached
    return ways


def _logarithm(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(likelihoods), _LOWEST)
