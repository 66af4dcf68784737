"""People as the registers have them: for who applies, with what was planted for them. Touches no file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate import noise
from pipeline.simulate.faults import BIT
from pipeline.simulate.noise import I64
from pipeline.simulate.population import people
from pipeline.simulate.population.people import People, World
from pipeline.simulate.presets import SimulationPlan


@dataclass(frozen=True)
class Applied:
    """Everyone who applies, by place in the population (ascending)."""

    person: I64
    mask: I64
    photo: NDArray[np.bool_]  # has a photograph in the register
    before: I64  # who has applied in an earlier wave, by place in the population
    #: Of a country with several waves only the first has older deliveries, and only the last has newer ones.
    first: bool = True
    last: bool = True

    def among(self, start: int, stop: int) -> slice:
        """Which of them have a place in start … stop - 1."""
        low, high = np.searchsorted(self.person, [start, stop])
        return slice(int(low), int(high))


def photo_path(person: int) -> str:
    """The path of a person's reference photograph below ``photos/``."""
    return f"{person % 100:02d}/{person:09d}.jpg"


@dataclass(frozen=True)
class Registered:
    """A range of the population as the registers have it; one entry a person."""

    people: People
    mask: I64  # faults
    applies: NDArray[np.bool_]
    photo: NDArray[np.object_]  # the register's photograph, a path below ``photos/``


def registered(plan: SimulationPlan, world: World, applied: Applied, start: int, stop: int) -> Registered:
    """The people start … stop - 1. Those who apply have what was planted for them."""
    who = world.people(np.arange(start, stop))
    here = applied.among(start, stop)
    at = applied.person[here] - start
    mask = np.zeros(stop - start, dtype=np.int64)
    mask[at] = applied.mask[here]
    applies = np.zeros(stop - start, dtype=bool)
    applies[at] = True
    who.alive[at] = applied.mask[here] & BIT["deceased"] == 0
    who.citizen[at] = applied.mask[here] & BIT["not_citizen"] == 0
    barred = applied.mask[here] & BIT["excluded_occupation"] > 0
    index = applied.person[here]
    other = noise.weighted(plan.seed, "allowed", index, people.ALLOWED_ONLY)
    kept = np.where(who.occupation[at] >= people.FIRST_BARRED, other, who.occupation[at])
    bar = people.FIRST_BARRED + noise.weighted(plan.seed, "barred", index, people.BARRED_ONLY)
    who.occupation[at] = np.where(barred, bar, kept)
    photo = np.full(stop - start, None, dtype=object)
    has = applied.photo[here]
    photo[at[has]] = [photo_path(person) for person in index[has].tolist()]
    return Registered(who, mask, applies, photo)
