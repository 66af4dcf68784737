"""Plants one person under several numbers, and one picture under several: whose face and whose selfie each has.

Touches no file. The other one is called the host: an applicant whose own photograph has no fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.simulate import noise
from pipeline.simulate.faults import SELFIE_CODES
from pipeline.simulate.noise import I64

SAME, REUSED = (SELFIE_CODES.index(code) for code in ("same_person", "reused_photo"))


@dataclass(frozen=True)
class Shared:
    """Per application: the place in the population of the person who has this face, and the application whose picture
    it sends again (-1: none); ``planted`` are bits of SELFIE_CODES, on both sides of a pair."""

    face: I64
    copy_of: I64
    planted: I64


def plant(seed: int, wanted: np.ndarray, turn: I64, fault: np.ndarray, person: I64, *, faces: bool) -> Shared:
    """Gives everyone whose fault is one of the two a host: the next applicant in the draw without a fault.

    One planted in four has the host of the one before: then one person has three numbers or more. ``faces``:
    whether the wave compares faces, so that the pair can be found by them.
    """
    face, copy_of = person.copy(), np.full(len(person), -1)
    planted = np.zeros(len(person), np.int64)
    order = np.flatnonzero(wanted)
    order = order[np.lexsort((order, turn[order]))]
    free = iter(order[fault[order] < 0].tolist())
    host = -1
    for at in order[np.isin(fault[order], (SAME, REUSED))].tolist():
        same_host = host >= 0 and int(noise.pick(seed, "same host", [at], 4)[0]) == 0
        host = host if same_host else next(free, -1)
        if host < 0:
            break
        bits = (1 << REUSED if fault[at] == REUSED else 0) | (1 << SAME if faces else 0)
        face[at] = person[host]
        copy_of[at] = host if fault[at] == REUSED else -1
        planted[[at, host]] |= bits
    return Shared(face, copy_of, planted)
