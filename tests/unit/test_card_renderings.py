"""Rendered cards: the same bytes each time, the truth where it says, two varieties that share nothing to learn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.selfie.card.card_layout import CARD, NUMBER, PORTRAIT
from pipeline.simulate.photos.canvas import Scene
from pipeline.simulate.photos.cards import card_print, no_cards
from pipeline.simulate.photos.cards.card_selfie import Shown, card_selfie
from pipeline.simulate.photos.cards.card_variety import KEPT_APART, LEARNT, Variety

WIDTH = 360
FACE = np.full((312, 222, 3), (190, 150, 130), np.uint8)


def scene() -> Scene:
    """A wall, and where a face would be on it."""
    points = np.zeros((468, 2))
    points[152] = WIDTH / 2, WIDTH * 0.6
    return Scene(np.full((WIDTH * 4 // 3, WIDTH, 3), 120, np.uint8), points)


def made(shown: Shown, variety: Variety = LEARNT, seed: int = 1):
    return card_selfie(scene(), FACE, "3171234567890123", shown=shown, variety=variety, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("variety", [LEARNT, KEPT_APART], ids=["learnt", "kept apart"])
def test_a_rendering_is_a_function_of_its_seed(variety: Variety) -> None:
    one, again, other = (made("card", variety, seed) for seed in (1, 1, 2))
    assert one[0] == again[0]
    assert one[0] != other[0]


@pytest.mark.parametrize("seed", range(6))
def test_the_truth_says_where_the_card_is(seed: int) -> None:
    data, truth = made("card", seed=seed)
    assert truth is not None
    image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), int)
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, [truth.corners.astype(np.int32)], 1)
    bluer = image[..., 0] - image[..., 2]
    assert np.median(bluer[inside == 1]) > np.median(bluer[cv2.dilate(inside, np.ones((25, 25))) == 0]) + 15
    turned = np.cross(truth.corners[1] - truth.corners[0], truth.corners[2] - truth.corners[1])
    assert (turned < 0) == truth.mirrored
    assert 2 < truth.digit_height < 12


@pytest.mark.parametrize("shown", ["other", "nothing"])
def test_a_picture_without_a_card_has_no_truth_of_one(shown: Shown) -> None:
    assert made(shown)[1] is None


@pytest.mark.parametrize("kind", [*LEARNT.others, *KEPT_APART.others])
def test_every_thing_that_is_no_card_can_be_drawn(kind) -> None:
    assert no_cards.thing(kind, np.random.default_rng(1)).std() > 2


def test_the_varieties_share_nothing_that_could_be_learned_by_heart() -> None:
    for name in ("grounds", "colours", "others", "numbers"):
        assert not set(getattr(LEARNT, name)) & set(getattr(KEPT_APART, name))
    assert LEARNT.fingers != KEPT_APART.fingers


@pytest.mark.parametrize("variety", [LEARNT, KEPT_APART], ids=["learnt", "kept apart"])
def test_a_printed_card_has_its_number_and_portrait_in_their_places(variety: Variety) -> None:
    card = card_print.printed("3171234567890123", FACE, variety, np.random.default_rng(4)).astype(int)
    for box, dark in ((NUMBER, True), (PORTRAIT, False)):
        part = card[
            round(box.y0 * card_print.HEIGHT) : round(box.y1 * card_print.HEIGHT),
            round(box.x0 * card_print.WIDTH) : round(box.x1 * card_print.WIDTH),
        ]
        assert (part.min() < 90) if dark else (part[..., 0].mean() > part[..., 2].mean())
    assert CARD.corners[2] == (1, 1)
