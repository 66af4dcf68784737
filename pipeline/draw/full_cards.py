"""The people beyond the limit of their family card, in a draw by a beacon. Touches no file.

Recipients of earlier waves count first, then the members of the card in the order of the draw. (In a wave with a seed
the screening does this, because the seed is known before its list is made.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]


def beyond_limit(kk_number: pa.Array, kk_earlier: pa.Array, limit: int | None) -> Flags:
    """Whether each person of a draw has a family card that is full before their turn. A card without a number in the
    register is never full. ``limit``: the recipients that a card may have; None: no rule limits them."""
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
