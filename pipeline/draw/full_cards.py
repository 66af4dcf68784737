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
    full = np.zeros(len(kk_number), bool)
    if limit is None:
        return full
    cards = pc.fill_null(kk_number, 0).to_numpy(zero_copy_only=False)
    earlier = pc.fill_null(kk_earlier, 0).to_numpy(zero_copy_only=False)
    known = kk_number.is_valid().to_numpy(zero_copy_only=False)
    may_be_full = np.concatenate([_crowded(cards, limit), cards[earlier > 0]])
    members = np.flatnonzero(known & np.isin(cards, may_be_full))
    members = members[np.argsort(cards[members], kind="stable")]  # a card's one after another, in draw order
    cards, earlier = cards[members], earlier[members]
    first = np.flatnonzero(np.append(True, cards[1:] != cards[:-1])[: len(cards)])
    before = np.arange(len(cards)) - np.repeat(first, np.diff(np.append(first, len(cards))))
    full[members] = before + earlier + 1 > limit
    return full


def _crowded(cards: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    """The cards with more than ``limit`` members in the draw: few of millions, and a bare sort finds them."""
    ordered = np.sort(cards)
    least = len(cards) - limit
    return ordered[:least][ordered[limit:] == ordered[:least]] if least > 0 else ordered[:0]
