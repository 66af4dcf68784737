"""What a simulated country remembers of everyone who has applied, from one wave to the next. Touches no file.

The places of a wave are predicted from what was planted. A place that depends on one photograph more or less is given
to no one here: neither the accepted nor the waiting of ``Past`` are near the border.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.faults import SELFIE_CODES
from pipeline.simulate.noise import I64

#: How somebody's last wave ended, as far as it can be foreseen; UNSURE people do not come back.
ACCEPTED, WAITING, REFUSED, PHOTO, UNSURE = range(5)
#: A photograph with one of these is refused, and a new one may be sent.
_PHOTO_ONLY = [SELFIE_CODES.index(code) for code in ("selfie_missing", "selfie_unreadable", "no_face", "face_mismatch")]


@dataclass(frozen=True)
class Past:
    """One entry for everyone who has applied, by place in the population (ascending)."""

    step: int = 0  # waves of the country so far
    steps: int = 1  # waves that the country has in the end
    first_day: date | None = None  # the closing day of its first wave
    person: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    mask: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # faults, as bits of pipeline.simulate.faults
    photo: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))  # the register has a photograph
    ended: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    number: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # of the application of the last wave
    wave: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # the last wave in which they applied
    accepted: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # everyone foreseen to have a place, sorted

    def with_wave(self, more: Past, accepted: I64) -> Past:
        """The past after one wave more: people who applied again are known by their last wave."""
        everyone = np.concatenate([self.person[old := ~np.isin(self.person, more.person)], more.person])
        order = np.argsort(everyone, kind="stable")

        def joined(mine: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([mine[old], new])[order]

        return replace(
            self,
            step=self.step + 1,
            accepted=np.union1d(self.accepted, accepted),
            person=everyone[order],
            mask=joined(self.mask, more.mask),
            photo=joined(self.photo, more.photo),
            ended=joined(self.ended, more.ended),
            number=joined(self.number, more.number),
            wave=joined(self.wave, more.wave),
        )

    def with_masks(self, mask: I64) -> Past:
        """The same people with other faults."""
        return replace(self, mask=mask)


def endings(expected: I64, order: I64, fault: NDArray[np.int64], planted: I64, *, quota: int, margin: float) -> I64:
    """How each application ends. ``order``: those without a reason, in draw order; ``fault`` and ``planted``: what is
    wrong with each photograph and who shares one; ``margin``: how far beyond the quota a photograph is looked at."""
    found = np.where(expected > 0, REFUSED, UNSURE)
    place = np.full(len(expected), len(expected))
    place[order] = np.arange(len(order))
    clear = (fault < 0) & (planted == 0)
    eligible = expected == 0
    found[eligible & clear & (place < quota * 0.9)] = ACCEPTED
    found[eligible & np.isin(fault, _PHOTO_ONLY) & (planted == 0) & (place < quota * 0.9)] = PHOTO
    found[eligible & (place >= np.ceil(quota * max(margin, 1.3)))] = WAITING
    return found
