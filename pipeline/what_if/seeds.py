"""A draw repeated with many seeds: how many people of each combination of groups get a place.

A seed orders a tier at random, and all orders are equally likely. So for people who do not differ for the draw
it is enough to know how many come first: these counts are drawn instead of millions of hashes, from the distribution
that the hashes have. In one seed, of one tier:

* People whose family card could be full have random numbers of their own. They are gone through in the order of the
  draw, the listed first, and people beyond its places are out. Such a person who stays comes earlier than
  others do on average, so they cannot be counted with them.
* How many of the others come before one of these is binomial; that gives how many of the others have a place.
* Which these are is multivariate hypergeometric over the combinations of groups.

With ``after_draw`` and no refill the first of the quota are drawn, and a person who fails the photograph leaves an
empty place; in every other form places go to the first who pass. All this is exact. Two things are estimates:

* photographs that were never looked at: each passes with its group's share, independently;
* the places left on a family card that was not full in the wave itself but becomes full when rules are left out: no
  earlier recipient is assumed.

With quotas by area (``area_seeds.py``) people who stay on a full card are counted like others, which is a little too
few places for them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.domain.calendar import Wave
from pipeline.draw.seats import allocate
from pipeline.what_if.area_seeds import draw_by_area, first_of
from pipeline.what_if.crowd import FAILED, PASSED, UNKNOWN, Counts, Crowd
from pipeline.what_if.question import Terms


def draw_often(wave: Wave, terms: Terms, crowd: Crowd, seeds: int, rng: np.random.Generator) -> Counts:
    """People placed, by seed (rows) and cell (columns)."""
    only_passed = not (wave.selfie == "after_draw" and not wave.refill)
    tiers = [np.flatnonzero(crowd.listed), np.flatnonzero(~crowd.listed)]
    member_tier = np.where(crowd.listed[crowd.cell], 0, 1) if len(crowd.cell) else np.zeros(0, dtype=np.int64)
    found = np.zeros((seeds, len(crowd.cells)), dtype=np.int64)
    for row in found:
        candidates = crowd.free
        if only_passed:
            passed = crowd.free[PASSED] + rng.binomial(crowd.free[UNKNOWN], crowd.rate)
            candidates = np.zeros_like(crowd.free)
            candidates[PASSED] = passed
        values = rng.random(len(crowd.cell))
        passes = (crowd.photo == PASSED) | (
            (crowd.photo == UNKNOWN) & (rng.random(len(crowd.cell)) < crowd.rate[crowd.cell])
        )
        stays = _within_card(values + member_tier, crowd.family, crowd.places)
        counted = stays & passes if only_passed else stays
        if terms.areas:
            candidates = candidates.copy()
            seen = np.where(passes, PASSED, FAILED)
            np.add.at(candidates, (seen[counted], crowd.cell[counted]), 1)
            row += draw_by_area(wave, terms, crowd, candidates, rng)
            continue
        here = [counted & (member_tier == tier) for tier in (0, 1)]
        people = [int(candidates[:, cells].sum()) + int(who.sum()) for cells, who in zip(tiers, here, strict=True)]
        seats = allocate(terms.quota, terms.priority_share, *people)
        for cells, who, places in zip(tiers, here, (seats.priority, seats.public), strict=True):
            line = np.flatnonzero(who)[np.argsort(values[who], kind="stable")]
            others = candidates[:, cells]
            ahead = _in_front(values[line], int(others.sum()), places, rng)
            placed = line[:ahead]
            np.add.at(row, crowd.cell[placed[passes[placed]]], 1)
            drawn = first_of(others, places - ahead, rng)
            row[cells] += drawn[PASSED] + rng.binomial(drawn[UNKNOWN], crowd.rate[cells])
    return found


def _within_card(order: npt.NDArray[np.float64], family: Counts, places: Counts) -> npt.NDArray[np.bool_]:
    """Which people are within the places of their card, gone through in this order (numbers below 2)."""
    stays = np.zeros(len(order), dtype=bool)
    if len(order):
        line = np.argsort(order + 2.0 * family)
        sizes = np.bincount(family, minlength=len(places))
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        stays[line] = np.arange(len(order)) - first < np.repeat(places, sizes)
    return stays


def _in_front(values: npt.NDArray[np.float64], others: int, places: int, rng: np.random.Generator) -> int:
    """How many of those with these values (sorted) have one of so many places, among so many others.

    Looks for the last of them by halves: how many of the others come before the one in the middle is binomial,
    and then the same question is asked for one of the halves.
    """
    first, last, from_, to = 0, len(values), 0.0, 1.0  # the last who has a place is one of these, or the one before
    before, between = 0, others  # others before ``from_``, and between ``from_`` and ``to``
    while first < last:
        middle = (first + last) // 2
        value = float(values[middle])
        ahead = int(rng.binomial(between, min(max((value - from_) / (to - from_), 0.0), 1.0))) if to > from_ else 0
        if before + ahead + middle < places:
            first, from_, before, between = middle + 1, value, before + ahead, between - ahead
        else:
            last, to, between = middle, value, ahead
    return first
