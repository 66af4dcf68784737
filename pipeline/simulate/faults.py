"""The planted faults of each applicant, as bits of one integer (a mask). Touches no file.

The bits of the contract's codes are in the order of the catalogue. So the codes of a mask are in that order too.
"""

from __future__ import annotations

import numpy as np

from pipeline.domain import reasons
from pipeline.simulate import noise
from pipeline.simulate.noise import I64

#: Codes that are no fault of an applicant. ``duplicate_id`` is a fault of a delivery: one id on two rows.
#: ``shared_nik`` is decided only for people who would get a place.
_OF_NO_APPLICANT = ("duplicate_id", "shared_nik")
CODES = tuple(
    code for code, reason in reasons.catalogue().items() if reason.layer != "selfie" and code not in _OF_NO_APPLICANT
)
#: Faults of a photograph. ``planted_cards.py`` plants the faults of a card in it.
SELFIE_CODES = tuple(code for code in reasons.codes("selfie") if code not in reasons.CARD_CODES)
#: Both, in catalogue order.
PHOTO_CODES = (*SELFIE_CODES, *reasons.CARD_CODES)
BIT = {code: 1 << number for number, code in enumerate(CODES)}
#: Bits without a code. ``NEAR_MISS``: a variant of identity_mismatch. ``SHARED``, ``FAMILY``: no faults.
NEAR_MISS, SHARED, FAMILY = (1 << (len(CODES) + n) for n in range(3))

#: Faults that only the register shows. They cannot be seen if the NIK is of no person there.
NEEDS_REGISTER = sum(BIT[code] for code in CODES[CODES.index("identity_mismatch") :])
_OF_APPLICATION = sum(BIT[c] for c in ("outside_wave", "duplicate_application", "email_unverified", "phone_unverified"))
_PLANNED = tuple(code for code in CODES if code not in ("under_18", "kk_limit"))
MISMATCHES = ("name", "birth date", "KK")  # what differs in an identity_mismatch
FORCED_EACH = 3  # the first applicants have one fault each, this many of each: so even a small wave has every fault


def masks(seed: int, shares: dict[str, float], index: I64, *, rank: I64, family: np.ndarray, first_wave: bool) -> I64:
    """The masks of applicants. ``index``: their places in the population; ``rank``: their order of applying, from 0.

    Members of a planted family have no fault: they are there for the limit of two people to a family card.
    """
    mask = np.zeros(len(index), dtype=np.int64)
    for code in _PLANNED:
        mask |= np.where(noise.uniform(seed, f"fault:{code}", index) < shares[code], BIT[code], 0)
    near = noise.pick(seed, "near miss", index, 100) < 12
    mask |= np.where(near & (mask & BIT["identity_mismatch"] > 0), NEAR_MISS, 0)
    without_these = mask & (NEEDS_REGISTER | BIT["nik_malformed"] | BIT["nik_unknown"]) == 0
    mask |= np.where(without_these & (noise.pick(seed, "shared", index, 10_000) < 8), SHARED, 0)
    forced = np.array([BIT[code] for code in _PLANNED for _ in range(FORCED_EACH)] + [SHARED])
    early = rank < len(forced)
    mask = np.where(early, forced[np.minimum(rank, len(forced) - 1)], mask)
    malformed, unknown = BIT["nik_malformed"], BIT["nik_unknown"]
    mask = np.where(mask & malformed > 0, mask & ~unknown, mask)
    mask = np.where(mask & (malformed | unknown) > 0, mask & ~(NEEDS_REGISTER | NEAR_MISS | SHARED), mask)
    mask = np.where(mask & BIT["outside_wave"] > 0, mask & ~BIT["duplicate_application"], mask)
    if first_wave:
        mask &= ~BIT["already_accepted"]
    return np.where(family, FAMILY, mask)


def mismatch_by(seed: int, index: I64) -> I64:
    """What differs if an applicant has an identity_mismatch, as a place in MISMATCHES."""
    return noise.pick(seed, "mismatch by", index, len(MISMATCHES))


def agrees(seed: int, index: I64, mask: I64) -> np.ndarray:
    """Whether the register has the NIK of an applicant, with the applicant's name and birth date."""
    unknown = mask & (BIT["nik_malformed"] | BIT["nik_unknown"]) > 0
    only_card_differs = (mask & NEAR_MISS == 0) & (mismatch_by(seed, index) == MISMATCHES.index("KK"))
    return ~unknown & ((mask & BIT["identity_mismatch"] == 0) | only_card_differs)


def of_application(mask: I64) -> I64:
    """The part of a mask that belongs to one application, not to its applicant."""
    return mask & _OF_APPLICATION


def selfie(seed: int, shares: dict[str, float], index: I64) -> np.ndarray:
    """The fault of each applicant's photograph, as a place in SELFIE_CODES; -1 for none."""
    ends = np.cumsum([shares[code] for code in SELFIE_CODES])  # of each fault's part of 0 to 1
    chance = noise.uniform(seed, "fault:selfie", index)
    place = np.searchsorted(ends, chance, side="right")
    return np.where(chance < ends[-1], place, -1)
