"""Quotas by area in a draw that is simulated by counts: exact, as ``seeds.py`` is without areas.

The first of an area and tier are a multivariate hypergeometric number of each cell. The people who are left come after
the last of them: of so many uniform numbers between 0 and 1 that one's number has a beta distribution, and those behind
it are uniform between it and 1. So whose turn it is among all who are left is found by halves: how many of each area
are before the middle is binomial.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.domain.calendar import Wave
from pipeline.draw.seats import allocate_by_area
from pipeline.what_if.crowd import PASSED, UNKNOWN, Counts, Crowd
from pipeline.what_if.question import Terms

_TIERS = ("priority", "public")
#: Two numbers that agree so far count as one: which of them comes first does not matter.
_NEAR = 1e-15


def draw_by_area(wave: Wave, terms: Terms, crowd: Crowd, candidates: Counts, rng: np.random.Generator) -> Counts:
    """People placed by cell in one seed, of the ``candidates`` (by photograph and cell)."""
    pools = _pools(crowd)
    people = {key: int(candidates[:, cells].sum()) for key, cells in pools.items()}
    with_terms = wave_with(wave, terms)
    seats = allocate_by_area(with_terms, {(area or None, tier): n for (area, tier), n in people.items()})
    drawn, left = np.zeros_like(candidates), candidates.copy()
    cuts: dict[tuple[str, str], float] = {}
    for (area, tier), cells in pools.items():
        own = seats.own.get(area)
        places = getattr(own, tier) if own else 0
        n = people[area, tier]
        cuts[area, tier] = 1.0 if places >= n else float(rng.beta(places, n - places + 1)) if places else 0.0
        part = first_of(candidates[:, cells], places, rng)
        drawn[:, cells] += part
        left[:, cells] -= part
    for tier in _TIERS:
        here = [(area, of) for area, of in pools if of == tier]
        counts = np.array([int(left[:, pools[key]].sum()) for key in here], dtype=np.int64)
        taken = first_behind(counts, np.array([cuts[key] for key in here]), getattr(seats.rest, tier), rng)
        for key, n in zip(here, taken, strict=True):
            drawn[:, pools[key]] += first_of(left[:, pools[key]], int(n), rng)
    return np.asarray(drawn[PASSED] + rng.binomial(drawn[UNKNOWN], crowd.rate))


def wave_with(wave: Wave, terms: Terms) -> Wave:
    """The wave under other terms."""
    return replace(wave, quota=terms.quota, priority_share=terms.priority_share, areas=terms.areas)


def _pools(crowd: Crowd) -> dict[tuple[str, str], Counts]:
    """The cells of each area and tier."""
    found: dict[tuple[str, str], list[int]] = {}
    for n, cell in enumerate(crowd.cells):
        found.setdefault((cell.area, cell.tier), []).append(n)
    return {key: np.array(cells, dtype=np.int64) for key, cells in sorted(found.items())}


def first_of(people: Counts, places: int, rng: np.random.Generator) -> Counts:
    """Of people in a random order the first, by photograph and cell."""
    drawn = rng.multivariate_hypergeometric(people.ravel(), places, method="marginals")
    return np.asarray(drawn.reshape(people.shape))


def first_behind(people: Counts, cuts: npt.NDArray[np.float64], places: int, rng: np.random.Generator) -> Counts:
    """Of pools of people whose numbers are uniform between each pool's cut and 1, how many of each are the first."""
    taken, inside, low, high = np.zeros_like(people), people.copy(), 0.0, 1.0
    while 0 < places < inside.sum():
        if high - low < _NEAR:
            return np.asarray(taken + rng.multivariate_hypergeometric(inside, places, method="marginals"))
        middle = (low + high) / 2
        start = np.minimum(np.maximum(cuts, low), high)
        before = np.clip((middle - start) / np.maximum(high - start, _NEAR), 0.0, 1.0)
        front = rng.binomial(inside, before)
        if front.sum() >= places:
            high, inside = middle, front
        else:
            low, taken, inside, places = middle, taken + front, inside - front, places - int(front.sum())
    return np.asarray(taken + inside if places else taken)
