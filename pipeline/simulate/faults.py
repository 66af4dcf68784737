"""Which faults an applicant carries, as bits of one integer. Touches no file.

The bits of contract codes are in catalogue order, so that a mask decodes to an ordered list.
"""

from __future__ import annotations

import numpy as np

from pipeline.domain import reasons
from pipeline.simulate import noise
from pipeline.simulate.noise import I64

#: No faults of an applicant: an id on two rows is a delivery's; a shared NIK is decided about who would be placed.
_OF_NO_APPLICANT = ("duplicate_id", "shared_nik")
CODES = tuple(
    code for code, reason in reasons.catalogue().items() if reason.layer != "selfie" and code not in _OF_NO_APPLICANT
)
#: What is wrong with a photograph; what is wrong with the card on it is planted apart (``planted_cards.py``).
SELFIE_CODES = tuple(code for code in reasons.codes("selfie") if code not in reasons.CARD_CODES)
#: Both, in catalogue order.
PHOTO_CODES = (*SELFIE_CODES, *reasons.CARD_CODES)
BIT = {code: 1 << number for number, code in enumerate(CODES)}
#: Not codes: a variant of a fault, or something that is only worth a warning.
NEAR_MISS, SHARED, FAMILY = (1 << (len(CODES) + n) for n in range(3))

#: Faults that cannot be seen when the NIK leads to no person in the register.
NEEDS_REGISTER = sum(BIT[code] for code in CODES[CODES.index("identity_mismatch") :])
_OF_APPLICATION = sum(BIT[c] for c in ("outside_wave", "duplicate_application", "email_unverified", "phone_unverified"))
_PLANNED = tuple(code for code in CODES if code not in ("under_18", "kk_limit"))
MISMATCHES = ("name", "birth date", "KK")  # what differs in an identity_mismatch
FORCED_EACH = 3  # the first applicants carry one fault each, every one this often: none is ever missing


def draw(seed: int, shares: dict[str, float], index: I64, *, rank: I64, family: np.ndarray, first_wave: bool) -> I64:
    """Fault masks of applicants: ``index`` their place in the population, ``rank`` their number in order of applying.

    Members of a planted family carry nothing: they are there for the limit of two to a family card.
    """
    mask = np.zeros(len(index), dtype=np.int64)
    for code in _PLANNED:
        mask |= np.where(noise.uniform(seed, f"fault:{code}", index) < shares[code], BIT[code], 0)
    near = noise.pick(seed, "near miss", index, 100) < 12
    mask |= np.where(near & (mask & BIT["identity_mismatch"] > 0), NEAR_MISS, 0)
    lonely = mask & (NEEDS_REGISTER | BIT["nik_malformed"] | BIT["nik_unknown"]) == 0
    mask |= np.where(lonely & (noise.pick(seed, "shared", index, 10_000) < 8), SHARED, 0)
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
    """What differs in an identity_mismatch, as a place in MISMATCHES."""
    return noise.pick(seed, "mismatch by", index, len(MISMATCHES))


def agrees(seed: int, index: I64, mask: I64) -> np.ndarray:
    """Whether applicants agree in name and birth date with a person whom the register has under their NIK."""
    unknown = mask & (BIT["nik_malformed"] | BIT["nik_unknown"]) > 0
    card_alone = (mask & NEAR_MISS == 0) & (mismatch_by(seed, index) == MISMATCHES.index("KK"))
    return ~unknown & ((mask & BIT["identity_mismatch"] == 0) | card_alone)


def of_application(mask: I64) -> I64:
    """The part of a mask that belongs to one application, not to its applicant."""
    return mask & _OF_APPLICATION


def selfie(seed: int, shares: dict[str, float], index: I64) -> np.ndarray:
    """The one fault of each applicant's photograph: place in SELFIE_CODES, or -1."""
    edges = np.cumsum([shares[code] for code in SELFIE_CODES])
    u = noise.uniform(seed, "fault:selfie", index)
    place = np.searchsorted(edges, u, side="right")
    return np.where(u < edges[-1], place, -1)
