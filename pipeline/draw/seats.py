"""Seat allocation: how many people of each tier hold a place, and how many are verified next. Arithmetic only."""

from __future__ import annotations

from fractions import Fraction

from pipeline.domain.calendar import Wave


def places(quota: int, priority_share: float, priority: int, public: int) -> tuple[int, int]:
    """How many of each tier hold a place: ⌊quota × share⌋ for priority, the rest for the public; what one side cannot
    fill goes to the other (docs/reference/contract.md, "The draw"). The share is taken as the decimal that is written.
    """
    kept = int(quota * Fraction(str(priority_share)))
    first = min(kept, priority)
    second = min(quota - first, public)
    return min(quota - second, priority), second


def refilled(wave: Wave, priority: list[int], public: list[int]) -> tuple[int, int]:
    """How many of each tier are verified next; each tier as (eligible, standing, waiting)."""
    wanted = places(wave.quota, wave.priority_share, priority[0], public[0])
    empty = max(wave.quota - priority[1] - public[1], 0)
    first = min(max(wanted[0] - priority[1], 0), priority[2], empty)  # the next in the same tier
    second = min(max(wanted[1] - public[1], 0), public[2], empty - first)
    first += min(priority[2] - first, empty - first - second)  # then in the other
    return first, second + min(public[2] - second, empty - first - second)
