"""The applicants: whole neighbourhoods in a shuffled order, more of the young. Touches no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError
from pipeline.simulate import faults, noise
from pipeline.simulate.between import changes
from pipeline.simulate.between.past import Past
from pipeline.simulate.noise import I64
from pipeline.simulate.population.people import BLOCK, People, World
from pipeline.simulate.presets import SimulationPlan

_BLOCKS = 4096  # neighbourhoods in one batch
_FAMILY_EVERY = 60  # one neighbourhood in so many sends a whole family
#: The chance that somebody of this age applies: many young people, hardly anyone above 55, some who are too young.
_EAGERNESS = np.interp(
    np.arange(130), [14, 15, 17, 18, 24, 35, 45, 55, 65], [0, 0.05, 0.1, 0.55, 0.5, 0.3, 0.15, 0.06, 0]
)


@dataclass
class Batch:
    """Some applicants, their faults and applications. ``rows`` maps each application to its applicant."""

    people: People
    mask: I64
    rows: I64
    row_mask: I64
    submitted: I64  # seconds since 1970, local time, per application
    first_number: int  # number of the first application


@dataclass
class Kin:
    """A relative who does not apply and was accepted in an earlier wave."""

    index: I64


def applications(plan: SimulationPlan, world: World, past: Past | None = None) -> Iterator[tuple[Batch, Kin]]:
    """All applications of the wave, in batches, until there are as many as planned.

    In a later wave of a country those who come back are first; then neighbourhoods without an applicant so far.
    Raises BadSettingError when the population is too small for them.
    """
    blocks = noise.Shuffle(world.size // BLOCK, plan.seed, "blocks")
    written = ranked = 0
    if past and past.step:
        batch = _returning(plan, world, past)
        written = len(batch.rows)
        yield batch, Kin(np.zeros(0, np.int64))
    for start in range(0, blocks.n, _BLOCKS):
        number = np.arange(start, min(start + _BLOCKS, blocks.n))
        index = (blocks(number)[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        everyone = world.people(index)
        applies, family, kin = _who(plan, world, everyone, np.repeat(number, BLOCK), past)
        chosen = index[applies]
        rank = ranked + np.cumsum(~family[applies]) - 1
        mask = faults.masks(
            plan.seed, plan.shares, chosen, rank=rank, family=family[applies], first_wave=_nobody_before(plan, past)
        )
        batch = _rows(plan, _take(everyone, applies), mask, written, plan.registrations - written)
        ranked += int((~family[applies]).sum())
        written += len(batch.rows)
        yield batch, Kin(index[kin])
        if written >= plan.registrations:
            return
    raise BadSettingError(
        f"A population of {world.size:,} has only {written:,} applications in it.",
        f"Give --population of at least {plan.registrations * 8:,}.",
    )


def _nobody_before(plan: SimulationPlan, past: Past | None) -> bool:
    """Whether no applicant is planted as accepted before: in wave 1, and in a later wave of a country, where the waves
    themselves decide it."""
    return plan.wave.number == 1 or bool(past and past.step)


def _returning(plan: SimulationPlan, world: World, past: Past) -> Batch:
    """The applications of people who applied in an earlier wave."""
    person, mask = changes.come_back(
        plan.seed, past, world.moves(past.person, past.steps - 1) > 0, plan.registrations // 2
    )
    return _rows(plan, world.people(person), mask, 0, plan.registrations)


def _take(everyone: People, which: NDArray[np.bool_]) -> People:
    return People(**{name: values[which] for name, values in vars(everyone).items()})


def _who(
    plan: SimulationPlan, world: World, everyone: People, number: I64, past: Past | None
) -> tuple[NDArray[np.bool_], ...]:
    """Whether each person applies, belongs to a planted family, and is a relative who was accepted before."""
    fit = everyone.alive & everyone.citizen
    applies = noise.uniform(plan.seed, "applies", everyone.index) < _EAGERNESS[np.clip(everyone.age, 0, 129)]
    planted = number % _FAMILY_EVERY == 7
    family = planted & fit & (world.household(everyone.index) == 0) & (everyone.age >= 18) & (everyone.age < 60)
    first = family & (
        np.cumsum(family) == np.maximum.accumulate(np.where(_starts(number), np.cumsum(family) - family, 0)) + 1
    )
    kin = first & (number // _FAMILY_EVERY % 2 == 1) & (not _nobody_before(plan, past))
    family &= ~kin
    applies = np.where(planted, family, applies & fit)
    if past and past.step:
        new = ~np.isin(everyone.index // BLOCK, past.person // BLOCK) & ~np.isin(everyone.index, past.accepted)
        return applies & new, family & new, kin & new
    return applies, family, kin


def _starts(number: I64) -> NDArray[np.bool_]:
    """True at the first member of each neighbourhood."""
    return np.concatenate([[True], number[1:] != number[:-1]])


def _rows(plan: SimulationPlan, who: People, mask: I64, written: int, room: int) -> Batch:
    """Applications of these people, at most ``room``: one each, more for those who apply twice."""
    extra = np.where(mask & faults.BIT["duplicate_application"] > 0, 1, 0)
    extra += extra * (noise.pick(plan.seed, "thrice", who.index, 5) == 0)
    rows = np.repeat(np.arange(len(mask)), 1 + extra)[:room]
    nth = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    kept = int(rows[-1]) + 1 if len(rows) else 0
    who = _take(who, np.arange(len(mask)) < kept)
    mask = mask[:kept]
    row_mask = faults.of_application(mask[rows]) & ~faults.BIT["duplicate_application"]
    submitted, outside = _times(plan, who.index[rows], nth, row_mask & faults.BIT["outside_wave"] > 0)
    row_mask = np.where(outside, row_mask | faults.BIT["outside_wave"], row_mask)
    repeated = nth > 0
    for code in ("email_unverified", "phone_unverified"):
        fault = noise.uniform(plan.seed, f"again:{code}", who.index[rows] * 4 + nth) < plan.shares[code]
        row_mask = np.where(repeated, (row_mask & ~faults.BIT[code]) | np.where(fault, faults.BIT[code], 0), row_mask)
    duplicate = _superseded(rows, submitted, row_mask, mask, faults.agrees(plan.seed, who.index, mask))
    row_mask |= np.where(duplicate, faults.BIT["duplicate_application"], 0)
    return Batch(who, mask, rows, row_mask, submitted, written)


def _times(plan: SimulationPlan, index: I64, nth: I64, outside: NDArray[np.bool_]) -> tuple[I64, NDArray[np.bool_]]:
    """When each application came in (seconds), and which of them came outside the window."""
    opens = int(np.datetime64(plan.wave.opens, "s").astype(np.int64))
    closes = int(np.datetime64(plan.wave.closes, "s").astype(np.int64))
    key = index * 4 + nth
    inside = opens + noise.pick(plan.seed, "time", key, closes - opens + 1)
    edge = noise.pick(plan.seed, "edge", key, 400)
    inside = np.where(edge == 0, opens, np.where(edge == 1, closes, inside))  # both ends of the window are in it
    same = (nth > 0) & (noise.pick(plan.seed, "same second", key, 10) == 0)
    inside = np.where(same, np.roll(inside, 1), inside)
    outside = outside | ((nth > 0) & ~same & (noise.pick(plan.seed, "second outside", key, 10) == 0))
    late = noise.pick(plan.seed, "late", key, 2) == 0
    far = 1 + noise.pick(plan.seed, "far", key, 86_400) * (edge > 40)
    return np.where(outside, np.where(late, closes + far, opens - far), inside), outside


def _superseded(rows: I64, submitted: I64, row_mask: I64, mask: I64, agrees: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The applications that do not count because another one of the same person counts.

    The latest sound application counts; of two at one time, the one with the larger number. Without a sound one the
    latest inside the window counts. Without one inside the window none is superseded. An application that does not
    agree with the register in name and birth date supersedes none and is no duplicate.
    """
    inside = row_mask & faults.BIT["outside_wave"] == 0
    unconfirmed = faults.BIT["email_unverified"] | faults.BIT["phone_unverified"]
    sound = inside & (row_mask & unconfirmed == 0) & (mask[rows] & faults.BIT["identity_mismatch"] == 0)
    order = np.lexsort((np.arange(len(rows)), submitted, inside, sound, rows))
    last = np.ones(len(rows), dtype=bool)
    last[order] = np.concatenate([rows[order][1:] != rows[order][:-1], [True]]) if len(rows) else []
    one_inside = np.zeros(len(mask), dtype=bool)
    one_inside[rows[last]] = inside[last]
    return ~last & one_inside[rows] & agrees[rows]
