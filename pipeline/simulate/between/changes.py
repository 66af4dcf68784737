"""Between two waves people die, leave school, lose an assistance; some come back, with what they mended or not.

Touches no file. Everything is a function of (seed, the number of waves so far, person).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate import noise
from pipeline.simulate.between.past import ACCEPTED, REFUSED, WAITING, Past
from pipeline.simulate.faults import BIT, FAMILY, NEAR_MISS
from pipeline.simulate.noise import I64

#: Reasons that can end before the next wave, and the share of people for whom they do.
_ENDS = {"in_education": 0.2, "bansos_recipient": 0.12, "excluded_occupation": 0.1}
#: Faults that an applicant can correct, and the share of returning people who do.
_MENDED = {
    "outside_wave": 0.9,
    "email_unverified": 0.75,
    "phone_unverified": 0.75,
    "nik_malformed": 0.8,
    "nik_unknown": 0.5,
    "identity_mismatch": 0.6,
}
_DIES = 0.004
#: How many apply again, by how their last wave ended: an accepted person does not know the rule, or tries.
COMES_BACK = {REFUSED: 0.3, WAITING: 0.5, ACCEPTED: 0.12}


def pass_time(seed: int, past: Past) -> Past:
    """The registers' view of everyone who has applied, a wave later."""
    mask, settled = past.mask.copy(), np.isin(past.person, past.accepted) & _settled(seed, past.person)
    for code, share in _ENDS.items():
        over = noise.uniform(seed, f"ends {past.step}:{code}", past.person) < share
        mask = np.where(over & ~settled, mask & ~BIT[code], mask)
    known = mask & (BIT["nik_malformed"] | BIT["nik_unknown"]) == 0  # a code that cannot be seen is not planted
    dies = known & (noise.uniform(seed, f"dies {past.step}", past.person) < _DIES)
    return past.with_masks(np.where(dies & ~settled, mask | BIT["deceased"], mask))


def _settled(seed: int, person: I64) -> NDArray[np.bool_]:
    """Half of the people: accepted people among them do not change any more."""
    return np.asarray(noise.pick(seed, "settled", person, 2) == 0)


def come_back(seed: int, past: Past, moved: NDArray[np.bool_], most: int) -> tuple[I64, I64]:
    """The people who apply again in the next wave, and their faults then. ``moved``: people with another family card
    by now."""
    u = noise.uniform(seed, f"comes back {past.step}", past.person)
    comes = np.zeros(len(u), dtype=bool)
    for ended, share in COMES_BACK.items():
        comes |= (past.ended == ended) & (u < share)
    comes &= (past.mask & FAMILY == 0) & (past.wave == past.wave.max(initial=0))
    # the last screening before publication may take away the place of somebody who moves or dies
    comes &= (past.ended != ACCEPTED) | (_settled(seed, past.person) & ~moved)
    at = np.flatnonzero(comes)[:most]
    person, mask = past.person[at], past.mask[at] & ~BIT["duplicate_application"]
    for code, share in _MENDED.items():
        mends = noise.uniform(seed, f"mends {past.step}:{code}", person) < share
        mask = np.where(mends, mask & ~(BIT[code] | (NEAR_MISS if code == "identity_mismatch" else 0)), mask)
    placed = np.isin(person, past.accepted) & (mask & (BIT["nik_malformed"] | BIT["nik_unknown"]) == 0)
    return person, np.where(placed, mask | BIT["already_accepted"], mask)


def for_the_registers(
    past: Past, person: I64, mask: I64, photo: NDArray[np.bool_]
) -> tuple[I64, I64, NDArray[np.bool_]]:
    """The people whom the registers must treat as planned: those who apply now, and all who applied before."""
    others = ~np.isin(past.person, person)
    everyone = np.concatenate([past.person[others], person])
    masks = np.concatenate([past.mask[others], mask])
    photos = np.concatenate([past.photo[others], photo])
    order = np.argsort(everyone, kind="stable")
    return everyone[order], masks[order], photos[order]
