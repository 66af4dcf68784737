"""Every pair, exactly: faces by a product in blocks, pictures by their hashes, and what follows from both."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.selfie.networks.unit_length import unit
from pipeline.selfie.one_against_all import candidates, copies, faces
from pipeline.selfie.one_against_all.prints import Look, Print, rows_of


def vectors(n: int, d: int = 16, seed: int = 0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32))


def every_pair(one: np.ndarray, other: np.ndarray, threshold: float, within: bool) -> list[tuple[int, int]]:
    near = np.round(one.astype(np.float64) @ other.astype(np.float64).T, faces.DIGITS)
    pairs = [(a, b) for a in range(len(one)) for b in range(len(other)) if near[a, b] >= threshold]
    pairs = [(a, b) for a, b in pairs if not within or a < b]
    return sorted(pairs, key=lambda p: (-near[p], *p))


@examples(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 40), st.floats(-0.2, 0.9), st.sampled_from([1, 7, 1024]))
def test_blocks_find_every_pair_and_no_other(n: int, m: int, threshold: float, block: int):
    one, other = vectors(n), vectors(m, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "BLOCK", block)
        mine, both = faces.pairs_within(one, threshold), faces.pairs_between(one, other, threshold)
    assert list(zip(mine.one.tolist(), mine.other.tolist(), strict=True)) == every_pair(one, one, threshold, True)
    assert list(zip(both.one.tolist(), both.other.tolist(), strict=True)) == every_pair(one, other, threshold, False)


def test_a_pair_exactly_at_the_threshold_counts_whatever_the_product_rounds():
    one = np.array([[1, 0]], np.float32)
    other = np.array([[0.64, np.sqrt(1 - 0.64**2)]], np.float32)
    assert len(faces.pairs_between(one, other, 0.64)) == 1
    assert len(faces.pairs_between(one, other, 0.6401)) == 0


@examples(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 30), st.integers(0, 60), st.integers(0, 9))
def test_hashes_find_every_near_pair(n: int, m: int, within: int, seed: int):
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 2**63, (4, 4), dtype=np.uint64)

    def some(count: int) -> np.ndarray:
        flips = (rng.random((count, 256)) < 0.08).astype(np.uint8)
        noise = np.packbits(flips, axis=1).view(">u8").astype(np.uint64).reshape(count, 4)
        return base[rng.integers(0, 4, count)] ^ noise

    one, other = some(n), some(m)
    apart = [[bin(int(x)).count("1") for x in a ^ b] for a in one for b in other]
    expected = {divmod(k, m) for k, bits in enumerate(apart) if sum(bits) <= within} if m else set()
    assert set(zip(*(x.tolist() for x in copies.near_hashes(one, other, within)), strict=True)) == expected
    a, b = copies.near_hashes(one, within=within)
    brute = {(i, j) for i in range(n) for j in range(i + 1, n) if copies.bits_apart(one[i], one[j]) <= within}
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == brute


def picture(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (12, 9, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((480, 640), Image.Resampling.BICUBIC)


def hash_of(image: Image.Image) -> np.ndarray:
    return copies.picture_hash(np.asarray(image))


def encoded(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


@pytest.mark.parametrize("change", [
    lambda i: encoded(i, 40),
    lambda i: i.resize((300, 400)),
    lambda i: i.point(lambda v: v * 0.7),
    lambda i: i.filter(ImageFilter.GaussianBlur(2)),
])  # fmt: skip
def test_copies_of_a_picture_are_near_and_other_pictures_are_far(change):
    for seed in range(5):
        own = hash_of(picture(seed))
        assert copies.bits_apart(own, hash_of(change(picture(seed)))) <= copies.ALONE
        assert copies.bits_apart(own, hash_of(change(picture(seed + 50)))) > copies.WITH_FACE


def look(name: str, bits: int = 0, face: np.ndarray | None = None, base: int = 0) -> Look:
    """A photograph called ``name`` whose picture differs from others of its ``base`` in its first ``bits`` bits."""
    whole = np.random.default_rng(base).integers(0, 2**63, 4, dtype=np.uint64)
    flips = np.zeros(256, np.uint8)
    flips[:bits] = 1
    return Look(name.encode().ljust(32, b"."), whole ^ np.packbits(flips).view(">u8").astype(np.uint64), face)


FACE = vectors(3, 128)


def test_faces_and_pictures_together():
    near = unit(FACE[0:1] + np.float32(0.02) * FACE[1:2])[0]
    prints = rows_of(
        [
            Print(look("a", 0, FACE[0], base=1)),
            Print(look("b", 0, near, base=2)),  # the face of a, another picture
            Print(look("c", 60, FACE[0], base=1)),  # a's picture, cut by a few per cent
            Print(look("d", 60, FACE[1], base=1)),  # as far from a's picture, another face
            Print(look("e", 0, None, base=1)),  # a's picture, and no face was found
        ],
        128,
    )
    found = candidates.within(prints, 0.9)
    pairs = {
        (a, b): (None if np.isnan(s) else float(s), bool(same))
        for a, b, s, same in zip(
            found.one.tolist(), found.other.tolist(), found.similarity, found.same_file, strict=True
        )
    }
    assert {pair: same for pair, (_, same) in pairs.items()} == {
        (0, 1): False, (0, 2): True, (1, 2): False, (2, 3): True, (0, 4): True
    }  # fmt: skip
    assert pairs[0, 4][0] is None
    assert found.similarity[0] == 1.0
    assert np.isnan(found.similarity[-1])
    alone = candidates.within(prints, None)
    assert set(zip(alone.one.tolist(), alone.other.tolist(), strict=True)) == {(0, 4), (2, 3)}
    others = candidates.between(prints[:1], prints[1:], 0.9)
    assert set(others.other.tolist()) == {0, 1, 3}
    assert not len(candidates.within(prints[:0], 0.9))


@pytest.mark.parametrize(
    ("selfie", "reference", "expected"),
    [
        (look("s", 0, FACE[0]), look("r", 0, FACE[1], base=3), False),
        (look("s", 0, FACE[0]), look("s", 0, FACE[0]), True),  # the same bytes
        (look("s", 0, FACE[0]), look("r", 30, FACE[1]), True),  # nearly the same pixels
        (look("s", 0, FACE[0]), look("r", 60, FACE[0]), True),  # cut, and the same face
        (look("s", 0, FACE[0]), look("r", 60, FACE[1]), False),
        (look("s", 0, FACE[0]), None, False),
        (look("s", 0, None), look("r", 90, None), False),
    ],
)
def test_a_selfie_that_is_the_registers_own_photograph(selfie: Look, reference: Look | None, expected: bool):
    prints = rows_of([Print.of(selfie, reference, reference.sha256 if reference else None)], 128)
    assert candidates.own_photograph(prints, 0.9).tolist() == [expected]


def test_one_file_under_several_numbers():
    prints = rows_of([Print(look(name)) for name in ("a", "b", "a", "c", "a")], 0)
    found = candidates.same_bytes(prints[:2], prints)
    assert list(zip(found.one.tolist(), found.other.tolist(), strict=True)) == [(0, 0), (0, 2), (0, 4), (1, 1)]
