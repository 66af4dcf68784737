"""The tree over the published list: every line can be proven, and nothing else can."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.draw.merkle import EMPTY, Step, Tree, leaf, proof

lists = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=70, unique=True)


def root(ids: list[str]) -> str:
    tree = Tree()
    tree.add(id_.encode() for id_ in ids)
    return tree.root()


def climb(registration_id: str, steps: list[Step]) -> str:
    """The root that a proof leads to."""
    digest = leaf(registration_id)
    for step in steps:
        other = bytes.fromhex(step.hash)
        digest = sha256(b"\x01" + (other + digest if step.side == "left" else digest + other)).digest()
    return digest.hex()


@given(lists)
def test_every_line_leads_to_the_root(ids: list[str]):
    assert {climb(id_, proof(ids, n)) for n, id_ in enumerate(ids)} == {root(ids)}
    assert {step.side for n in range(len(ids)) for step in proof(ids, n)} <= {"left", "right"}


@given(lists, st.text(min_size=1, max_size=8))
def test_another_id_leads_elsewhere(ids: list[str], stranger: str):
    if stranger not in ids:
        assert all(climb(stranger, proof(ids, n)) != root(ids) for n in range(len(ids)))


@given(lists, st.data())
def test_any_other_list_has_another_root(ids: list[str], data: st.DataObject):
    place = data.draw(st.integers(0, len(ids) - 1))
    assert root(ids[:place] + ids[place + 1 :]) != root(ids)
    assert len(ids) == 1 or root(ids[1:] + ids[:1]) != root(ids)


@given(lists, st.lists(st.integers(0, 70), max_size=4))
def test_a_list_that_comes_in_parts_has_the_root_of_the_whole(ids: list[str], cuts: list[int]):
    tree = Tree()
    for start, end in pairwise([0, *sorted(cuts), len(ids) + 70]):
        tree.add(id_.encode() for id_ in ids[start:end])
    assert tree.root() == root(ids)


def test_the_tree_is_that_of_rfc_6962():
    a, b, c = (leaf(x) for x in "abc")
    pair = sha256(b"\x01" + a + b).digest()
    assert root(["a", "b", "c"]) == sha256(b"\x01" + pair + c).hexdigest()
    assert root([]) == EMPTY == sha256(b"").hexdigest()
    assert root(["a"]) == sha256(b"\x00a").hexdigest()


def test_a_place_outside_the_list_has_no_proof():
    with pytest.raises(IndexError):
        proof(["a"], 1)
