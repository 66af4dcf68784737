"""How often cards are read: python -m tools.selfie.card_figures FACES [CARDS OTHERS PHOTOGRAPHS SEED].

On renderings of the variety that is kept apart, of people who were not learned from, and on photographs without a card.
Prints the figures of the model card, with 95 % intervals (Wilson).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipeline.domain.wilson import wilson
from pipeline.selfie.card.card_check import CardReading, compared, read_card
from pipeline.selfie.decode import decode
from pipeline.simulate.photos.cards.card_selfie import Shown
from pipeline.simulate.photos.cards.card_variety import KEPT_APART
from tools.selfie.card_pictures import CardPicture, photographs, renderings, some_number

SEED, WIDTH, SMALL, LARGE, MOST = 2027, 1080, 640, 1440, 10**9
#: A card can be read if its digits are this high, in pixels, and nothing lies over them.
READABLE = 8.0
#: Numbers with one digit altered that each card is compared with.
ALTERED = 20


def reading(data: bytes) -> CardReading | None:
    """What is seen of the card in a JPEG, as in a wave."""
    return read_card(decode(data, MOST, SMALL).pixels, lambda: decode(data, MOST, LARGE, grey=True).pixels[..., 0])


def of_cards(pictures: Iterable[CardPicture]) -> dict[str, Counter[str]]:
    """States of readable cards against the right number, one with an altered digit and any other; and of the rest."""
    rng = np.random.default_rng(SEED)
    found: dict[str, Counter[str]] = {}
    for one in pictures:
        assert one.truth is not None
        seen = reading(one.data)
        kind = "readable" if not one.truth.covered and one.truth.digit_height >= READABLE else "unreadable"
        altered = rng.choice(one_digit_apart(one.number), ALTERED, replace=False)
        for what, numbers in (("right", [one.number]), ("altered", altered), ("other", [some_number(rng)])):
            found.setdefault(f"{kind}, {what}", Counter()).update(compared(seen, str(n)).state for n in numbers)
    return found


def one_digit_apart(number: str) -> list[str]:
    """Every number that differs from this one in exactly one digit."""
    return [
        number[:at] + digit + number[at + 1 :]
        for at in range(len(number))
        for digit in "0123456789"
        if digit != number[at]
    ]


def main(faces: str, cards: str = "300", others: str = "100", plain: str = "300", seed: str = str(SEED)) -> None:
    """Prints the figures."""
    folder = Path(faces)
    kinds: list[Shown] = ["card"] * int(cards)
    figures = of_cards(renderings(folder, KEPT_APART, kinds, width=WIDTH, seed=int(seed), test=True))
    others_shown: list[Shown] = ["other"] * (int(others) // 2)
    empty: list[Shown] = ["nothing"] * (int(others) // 2)
    for one in renderings(folder, KEPT_APART, [*others_shown, *empty], width=WIDTH, seed=int(seed) + 1, test=True):
        figures.setdefault(f"rendered, {one.shown}", Counter())[compared(reading(one.data), None).state] += 1
    for path in photographs(folder, test=True)[: int(plain)]:
        state = compared(reading(path.read_bytes()), None).state
        figures.setdefault(f"photographs, {path.parent.name}", Counter())[state] += 1
    for what, states in figures.items():
        total = states.total()
        for found, n in sorted(states.items()):
            low, high = wilson(n, total)
            print(f"{what:24} {found:12} {n:6} of {total:6}  {n / total:7.2%} ({low:.2%}–{high:.2%})")


if __name__ == "__main__":
    main(*sys.argv[1:])
