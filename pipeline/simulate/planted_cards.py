"""Plants identity cards in the selfies of a wave that looks at them: the applicant's own, or one that is wrong.

Touches no file. Applicants without a picture show no card. Pictures that are blurred, dark, without a face or of two
people have no card in them. A picture that is sent again under another number shows the card of its first sender.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from pipeline.simulate import noise
from pipeline.simulate.between.past import Past
from pipeline.simulate.faults import PHOTO_CODES, SELFIE_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.photo_job import WITHOUT_CARD, CardKind, HeldCard, Job
from pipeline.simulate.population import regions
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan

KINDS: tuple[CardKind, ...] = get_args(CardKind)
RIGHT, ANOTHER, ALTERED, NONE, UNREADABLE = range(len(KINDS))
#: What a wave must find of each kind of card.
_CODE = {ANOTHER: "card_differs", ALTERED: "card_differs", NONE: "card_missing", UNREADABLE: "card_unreadable"}
_BITS = np.array([1 << PHOTO_CODES.index(_CODE[kind]) if kind in _CODE else 0 for kind in range(len(KINDS))])
_DIGITS = 16
DIFFERS = 1 << PHOTO_CODES.index("card_differs")
_NO_PICTURE = [SELFIE_CODES.index(code) for code in ("selfie_missing", "selfie_unreadable")]
_NO_CARD = [SELFIE_CODES.index(code) for code in WITHOUT_CARD]


@dataclass(frozen=True)
class Cards:
    """Of each application: the kind of card as a place in KINDS (-1: the wave looks for none), the number on the card
    (-1: none), and ``planted`` as bits of PHOTO_CODES."""

    kind: I64
    number: I64
    planted: I64


def held(kind: int, number: int) -> HeldCard | None:
    """A card by its place in KINDS and its number."""
    return None if kind < 0 else HeldCard(KINDS[kind], f"{number:016d}" if number >= 0 else "")


def counted(kind: I64) -> dict[str, int]:
    """How many cards of each kind there are."""
    return {name: int((kind == place).sum()) for place, name in enumerate(KINDS)}


def plant(
    plan: SimulationPlan, world: World, person: I64, *, wanted: np.ndarray, turn: I64, fault: np.ndarray, copy_of: I64
) -> Cards:
    """The cards of a wave; none where it does not look at them. Arrays have one entry per application; ``fault``,
    ``turn`` and ``copy_of`` as in ``wave.Photographs``."""
    cards = Cards(np.full(len(person), -1), np.full(len(person), -1), np.zeros(len(person), np.int64))
    at = np.flatnonzero(wanted & ~np.isin(fault, _NO_PICTURE))
    if plan.wave.card != "check" or plan.wave.selfie == "off" or not len(at):
        return cards
    kind = _kinds(plan, person[at], turn[at], fault[at])
    cards.kind[at], cards.planted[at] = kind, _BITS[kind]
    cards.number[at] = _numbers(plan.seed, world, person[at], kind)
    again = at[copy_of[at] >= 0]
    first = copy_of[again]
    cards.kind[again], cards.number[again] = cards.kind[first], cards.number[first]
    readable = np.isin(cards.kind[first], (RIGHT, ANOTHER, ALTERED))
    cards.planted[again] = np.where(readable, DIFFERS, cards.planted[first])
    return cards


def with_own_cards(plan: SimulationPlan, past: Past, jobs: list[Job]) -> list[Job]:
    """New photographs of people of earlier waves, where the wave looks at cards: each with their own card."""
    if plan.wave.card != "check" or not jobs:
        return jobs
    day, country = plan.wave.closing_day, regions.load(plan.seed)
    world = World(plan.seed, plan.population, country, day, first_day=past.first_day, step=past.step)
    numbers = world.people(np.array([job.person for job in jobs])).nik.tolist()
    return [
        replace(job, card=held(NONE, -1) if job.fault in WITHOUT_CARD else held(RIGHT, number))
        for job, number in zip(jobs, numbers, strict=True)
    ]


def _kinds(plan: SimulationPlan, person: I64, turn: I64, fault: np.ndarray) -> I64:
    """The kind of each card. One of each is among those without another fault, where there are so many: in the first
    places of the draw, so that even a small wave shows them all."""
    edges = np.cumsum([plan.card.get(kind, 0.0) for kind in KINDS[1:]])
    u = noise.uniform(plan.seed, "card", person)
    kind = np.where(u < edges[-1], 1 + np.searchsorted(edges, u, side="right"), RIGHT)
    kind[np.isin(fault, _NO_CARD)] = NONE
    order = np.lexsort((person, turn))
    free = iter(order[(fault[order] < 0) & (kind[order] == RIGHT)].tolist())
    there = set(kind[fault < 0].tolist())
    for place, name in enumerate(KINDS[1:], start=1):
        if place not in there and plan.card.get(name, 0.0) > 0 and (at := next(free, None)) is not None:
            kind[at] = place
    return kind


def _numbers(seed: int, world: World, person: I64, kind: I64) -> I64:
    """The number on each card: sixteen digits, -1 without a card."""
    own = world.people(person).nik
    other = (person + 1 + noise.pick(seed, "card of", person, world.size - 1)) % world.size
    unit = 10 ** noise.pick(seed, "altered digit", person, _DIGITS)
    digit = own // unit % 10
    altered = own + ((digit + 1 + noise.pick(seed, "altered by", person, 9)) % 10 - digit) * unit
    return np.select(
        [kind == NONE, kind == ANOTHER, kind == ALTERED], [np.full_like(own, -1), world.people(other).nik, altered], own
    )
