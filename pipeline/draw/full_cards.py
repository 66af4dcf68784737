"""The limit of a family card in a line that is drawn by a beacon: who stands beyond it. Touches no file.

Members of a card that stand first in the draw keep their place in the line, and recipients of earlier waves come before
all. (Of a wave with a seed screening does this: its list stands once there is a seed.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]


def beyond_limit(kk_number: pa.Array, kk_earlier: pa.Array, limit: int | None) -> Flags:
    """Of a line in draw order: whose family card has its recipients already. ``limit`` None: no such rule is in force,
    as nobody's card is full whose number the register does not give."""
    cards = pc.fill_null(kk_number, 0).to_numpy(zero_copy_only=False)
    full = np.zeros(len(cards), bool)
    if limit is None or not len(cards):
        return full
    by_card = np.argsort(cards, kind="stable")  # a card's members one after another, in draw order
    cards = cards[by_card]
    first = np.flatnonzero(np.append(True, cards[1:] != cards[:-1]))
    before = np.arange(len(cards)) - np.repeat(first, np.diff(np.append(first, len(cards))))
    earlier = pc.fill_null(kk_earlier, 0).to_numpy(zero_copy_only=False)[by_card]
    full[by_card] = before + earlier + 1 > limit
    known: Flags = kk_number.is_valid().to_numpy(zero_copy_only=False)
    return full & known
