"""The codes of layers 1–3 that the pipeline must find in each application. Touches no file.

Nothing here is shared with the screening stage: the same text (docs/reference/contract.md) is worked out a second
time, from what was planted instead of from what was delivered.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain.contracts import TEXT_LIST
from pipeline.simulate import application_rows, faults, landing, noise
from pipeline.simulate.applicants import Batch
from pipeline.simulate.faults import BIT, CODES, NEAR_MISS, SHARED
from pipeline.simulate.noise import I64
from pipeline.simulate.population import names
from pipeline.simulate.population.people import World, civil, ddmmyy
from pipeline.simulate.population.regions import UNKNOWN_DISTRICTS
from pipeline.simulate.presets import SimulationPlan

_KEPT_PER_KK = 2
WARNINGS = ("nik_region", "nik_birth_date", "name_near_miss", "shared_nik", "birth_date_unreadable")
_UNREADABLE = 1 << WARNINGS.index("birth_date_unreadable")


@dataclass
class Known:
    """What is remembered of every application until the draw is known: a few numbers each."""

    person: I64  # place in the population
    person_mask: I64
    planted: I64  # bits of CODES
    warnings: I64  # bits of WARNINGS
    kk: I64  # the register's
    priority: NDArray[np.bool_]
    odd_year: NDArray[np.bool_]  # of birth
    draw: NDArray[np.void]  # SHA-256, 32 bytes

    @property
    def size(self) -> int:
        return len(self.person)


def know(plan: SimulationPlan, world: World, batch: Batch) -> Known:
    """What to remember of a batch."""
    who, rows = batch.people, batch.rows
    under_18 = np.where(
        (who.age < 18) & (batch.mask & (BIT["nik_malformed"] | BIT["nik_unknown"]) == 0), BIT["under_18"], 0
    )
    mask = (batch.mask & ~faults.of_application(batch.mask)) | under_18
    codes = (1 << len(CODES)) - 1
    ids = application_rows.registration_ids(plan, batch.first_number + np.arange(len(rows)))
    digests = b"".join(hashlib.sha256(f"{plan.wave.seed}:{i}".encode()).digest() for i in ids)
    return Known(
        person=who.index[rows],
        person_mask=batch.mask[rows],
        planted=(mask[rows] & codes) | batch.row_mask,
        warnings=_warnings(batch)[rows] | np.where(landing.unreadable(plan.seed, batch, "birth_date"), _UNREADABLE, 0),
        kk=who.kk[rows],
        priority=listed(plan, who.index)[rows],
        odd_year=(civil(who.birth)[0] % 2 == 1)[rows],
        draw=np.frombuffer(digests, dtype="V32"),
    )


def listed(plan: SimulationPlan, person: I64) -> NDArray[np.bool_]:
    """Whether the ministries list somebody as laid off or furloughed."""
    return np.asarray(noise.pick(plan.seed, "listed", person, 100) < 12)


def _warnings(batch: Batch) -> I64:
    who, mask = batch.people, batch.mask
    formed = mask & BIT["nik_malformed"] == 0
    known = formed & (mask & BIT["nik_unknown"] == 0)
    region = formed & np.isin(who.nik // 10**10, UNKNOWN_DISTRICTS)
    date = known & (who.nik // 10_000 % 1_000_000 != ddmmyy(who.birth, who.woman))
    near = known & (mask & NEAR_MISS > 0) & names.long_enough()[who.name]
    shared = known & (mask & SHARED > 0)
    bits = np.zeros(len(mask), dtype=np.int64)
    for number, holds in enumerate((region, date, near, shared)):
        bits |= np.where(holds, 1 << number, 0)
    return bits


def expected(plan: SimulationPlan, known: Known, kin_kk: I64) -> I64:
    """Bits of CODES that the pipeline must give, family limit included.

    ``kin_kk``: family cards (the register's) of everyone accepted in an earlier wave, one entry a person.
    """
    found = before_the_draw(plan, known)
    if plan.in_force()["kk_limit"]:
        found = found.copy()
        found[_over_the_limit(known, np.flatnonzero(found == 0), kin_kk)] |= BIT["kk_limit"]
    return found


def before_the_draw(plan: SimulationPlan, known: Known) -> I64:
    """Bits of CODES that the pipeline must give before it draws."""
    off = sum(BIT[code] for code, holds in plan.in_force().items() if not holds)
    return known.planted & ~off


def draw_order(known: Known, among: I64) -> I64:
    """These applications in draw order: priority first, then by hash, then by number."""
    digests = known.draw[among].tobytes()
    words = np.frombuffer(digests, dtype=">u8").reshape(-1, 4)
    order = np.lexsort((among, words[:, 3], words[:, 2], words[:, 1], words[:, 0], ~known.priority[among]))
    return among[order]


def _over_the_limit(known: Known, clean: I64, kin_kk: I64) -> I64:
    """Among applications without any reason: those beyond the second place of their family card."""
    order = draw_order(known, clean)
    by_card = order[np.argsort(known.kk[order], kind="stable")]
    card = known.kk[by_card]
    place = np.arange(len(card)) - np.searchsorted(card, card, side="left")
    kin = np.sort(kin_kk)
    taken = np.searchsorted(kin, card, side="right") - np.searchsorted(kin, card, side="left")
    return by_card[place + taken >= _KEPT_PER_KK]


def texts(bits: I64, names: tuple[str, ...]) -> pa.Array:
    """Bit masks as lists of names, in their order."""
    masks, back = np.unique(bits, return_inverse=True)
    lists = pa.array([[name for n, name in enumerate(names) if int(mask) >> n & 1] for mask in masks], TEXT_LIST)
    return lists.take(pa.array(back))
