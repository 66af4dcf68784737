"""Seat allocation: how many people of each tier hold a place, and how many are verified next. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipeline.domain.calendar import Wave


@dataclass(frozen=True)
class Seats:
    """A number of people of each tier."""

    priority: int
    public: int


@dataclass(frozen=True)
class TierCounts:
    """People of one tier: eligible, holding a place so far, and not verified yet."""

    eligible: int = 0
    holding: int = 0
    waiting: int = 0


def allocate(quota: int, priority_share: float, priority: int, public: int) -> Seats:
    """How many of each tier hold a place: ⌊quota × share⌋ for priority, the rest for the public; what one side cannot
    fill goes to the other (docs/reference/contract.md, "The draw"). The share is taken as the decimal that is written.
    """
    kept = int(quota * Fraction(str(priority_share)))
    first = min(kept, priority)
    second = min(quota - first, public)
    return Seats(min(quota - second, priority), second)


def next_to_verify(wave: Wave, priority: TierCounts, public: TierCounts) -> Seats:
    """How many of each tier are verified next, so that the empty places can be filled."""
    wanted = allocate(wave.quota, wave.priority_share, priority.eligible, public.eligible)
    empty = max(wave.quota - priority.holding - public.holding, 0)
    first = min(max(wanted.priority - priority.holding, 0), priority.waiting, empty)  # the next in the same tier
    second = min(max(wanted.public - public.holding, 0), public.waiting, empty - first)
    first += min(priority.waiting - first, empty - first - second)  # then in the other
    return Seats(first, second + min(public.waiting - second, empty - first - second))
