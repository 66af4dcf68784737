"""Seat allocation: how many people of each tier hold a place, and how many are verified next. Arithmetic only."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True)
class AreaSeats:
    """Places of a wave with quotas by area: of each area's own people by tier, and of everybody who is left."""

    own: dict[str, Seats]
    rest: Seats


def allocate_by_area(wave: Wave, people: Mapping[tuple[str | None, str], int]) -> AreaSeats:
    """Places by area, of so many ``people`` by area and tier (docs/reference/contract.md, "Quotas by area").

    Of each area's ⌊quota × share⌋ places as many as it has people for; its listed people come first, as in the whole
    wave. All other places go to people without a place, of any area.
    """
    own: dict[str, Seats] = {}
    for code, share in wave.areas:
        places = int(wave.quota * Fraction(str(share)))
        own[code] = allocate(
            places, wave.priority_share, people.get((code, "priority"), 0), people.get((code, "public"), 0)
        )
    listed = sum(n for (_, tier), n in people.items() if tier == "priority") - sum(s.priority for s in own.values())
    public = sum(n for (_, tier), n in people.items() if tier == "public") - sum(s.public for s in own.values())
    left = wave.quota - sum(seats.priority + seats.public for seats in own.values())
    return AreaSeats(own, allocate(left, wave.priority_share, listed, public))
