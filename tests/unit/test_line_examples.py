"""What the first reader of a card's number is learned from."""

from __future__ import annotations

import numpy as np

from pipeline.selfie.card.ctc import likeliest_way
from pipeline.selfie.networks.digit_reader import HEIGHT, WIDTH
from pipeline.selfie.networks.line_network import likelihoods
from pipeline.simulate.photos.cards.card_variety import LEARNT
from tools.selfie.line_examples import lines, varied


def test_a_line_shows_its_number_and_is_the_same_each_time() -> None:
    made = list(lines(LEARNT.numbers, 8, seed=3))
    again = list(lines(LEARNT.numbers, 8, seed=3))
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(made, again, strict=True))
    assert {one.picture.shape for one in made} == {(HEIGHT, WIDTH)}
    assert len({one.number for one in made}) == 2  # four pictures of a card
    read = [likeliest_way(likelihoods(one.picture)) == one.number for one in made]
    assert sum(read) >= 6


def test_a_varied_line_is_another_one_of_its_size() -> None:
    [line] = lines(LEARNT.numbers, 1, seed=5)
    rng = np.random.default_rng(1)
    seen = [varied(line.picture, rng) for _ in range(20)]
    assert all(each.shape == (HEIGHT, WIDTH) and 0 <= each.min() <= each.max() <= 255 for each in seen)
    assert all(not np.array_equal(each, line.picture) for each in seen)
