"""The order of a line by hashes, full family cards in it, and the audit's own lists: each against plain Python."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pyarrow as pa
import pytest

from pipeline.draw.full_cards import beyond_limit
from pipeline.draw.line_order import hashes_of, in_order, pieces
from pipeline.draw.merkle import Tree
from pipeline.inspection.listed_lines import lines, merkle_root, once

HASHES = [sha256(b"%d" % n).hexdigest() for n in range(200)]
ALIKE = ["a" * 16 + h[:48] for h in HASHES[:5]]  # the first eight bytes do not tell them apart


@pytest.mark.parametrize("texts", [[], HASHES[:1], HASHES, [*HASHES, *ALIKE], ALIKE])
@pytest.mark.parametrize("cut", [0, 3, 100])
def test_rows_stand_in_the_order_of_their_hashes(texts: list[str], cut: int) -> None:
    parts = [pa.array(part, pa.string()) for part in (texts[:cut], texts[cut:]) if part]
    order = in_order([hashes_of(part) for part in parts])
    assert [texts[row] for row in order] == sorted(texts)
    table = pa.table({"ticket": pa.array(texts, pa.string())})
    assert [value for piece in pieces(table, order) for value in piece["ticket"].to_pylist()] == sorted(texts)


@pytest.mark.parametrize("limit", [None, 0, 1, 2, 5])
def test_members_that_stand_first_keep_the_places_of_a_family_card(limit: int | None) -> None:
    chance = np.random.default_rng(7)
    cards = [int(card) or None for card in chance.integers(0, 12, 60)]
    earlier = [(card or 0) % 3 for card in cards]
    held: dict[int, int] = {}
    wanted = []
    for card, before in zip(cards, earlier, strict=True):
        if card is not None:
            held[card] = held.get(card, before) + 1
        wanted.append(card is not None and limit is not None and held[card] > limit)
    assert beyond_limit(pa.array(cards, pa.int64()), pa.array(earlier, pa.int64()), limit).tolist() == wanted


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 64, 65])
def test_the_audit_reads_lines_and_root_as_the_draw_wrote_them(n: int) -> None:
    listed = sorted(f"R{h[: n % 9 + 1]}{i:03d}".encode() for i, h in enumerate(HASHES[:n]))
    read = lines(b"".join(line + b"\n" for line in listed) + b"not a line")
    tree = Tree()
    tree.add(listed)
    assert read.to_pylist() == listed
    assert merkle_root(read) == tree.root()
    assert once(read) is read


def test_a_list_out_of_order_or_with_somebody_twice_is_put_right() -> None:
    assert once(lines(b"b\na\n")).to_pylist() == [b"a", b"b"]
    assert once(lines(b"a\na\n")).to_pylist() == [b"a"]
