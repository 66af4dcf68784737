"""Whether groups fare differently by more than chance: shares with intervals, and a test against everybody else.

A difference says that it should be examined, not why it exists: groups differ in age, schooling and assistance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

from pipeline.domain.wilson import wilson

#: The chance of at least one false flag in all tests of a table together (Holm).
ALPHA = 0.05
#: A difference that matters to people, not only to statistics: with six million people every difference is
#: statistically significant.
LARGE = 0.05


@dataclass(frozen=True)
class Rate:
    """``passed`` of ``of`` people with a Wilson interval; ``difference`` is against all other groups together."""

    passed: int
    of: int
    share: float
    low: float
    high: float
    difference: float
    beyond_chance: bool

    @property
    def large(self) -> bool:
        """Significant, and at least :data:`LARGE`."""
        return self.beyond_chance and abs(self.difference) >= LARGE


def p_value(passed: int, of: int, others_passed: int, others: int) -> float:
    """Two-sided p of equal shares, two-proportion z with continuity correction; 1 when there is nothing to compare."""
    if not of or not others:
        return 1.0
    pooled = (passed + others_passed) / (of + others)
    error = sqrt(pooled * (1 - pooled) * (1 / of + 1 / others))
    if error == 0:
        return 1.0
    gap = abs(passed / of - others_passed / others) - 0.5 * (1 / of + 1 / others)
    return erfc(max(gap, 0.0) / error / sqrt(2))


def rates(groups: Sequence[tuple[int, int]]) -> list[Rate | None]:
    """A rate per group of (passed, of); None for an empty group. Flags hold for the whole table (Holm 1979)."""
    total, everybody = sum(passed for passed, _ in groups), sum(of for _, of in groups)
    values = [p_value(p, n, total - p, everybody - n) for p, n in groups]
    flagged: set[int] = set()
    for tested, i in enumerate(sorted(range(len(groups)), key=values.__getitem__)):
        if values[i] > ALPHA / (len(groups) - tested):
            break
        flagged.add(i)
    found: list[Rate | None] = []
    for i, (passed, of) in enumerate(groups):
        if of == 0:
            found.append(None)
            continue
        others = everybody - of
        gap = passed / of - (total - passed) / others if others else 0.0
        found.append(Rate(passed, of, passed / of, *wilson(passed, of), gap, i in flagged))
    return found
