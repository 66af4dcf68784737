"""How cards and pictures of them differ. Two kinds of variety: one to learn from, one kept apart for tests.

The two share nothing that a reader or a finder of cards could learn by heart: letterings, grounds, things that are no
card, shapes of fingers. Cameras blur, shake and compress otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2

from pipeline.simulate.photos.cards.card_fonts import Font, angular, outline, stroke

Range = tuple[float, float]
Ground = Literal["waves", "rays", "rings", "weave"]
Other = Literal["phone", "paper", "book", "bank_card", "fan", "box"]

_GX = "great_expectations/render/view/static/fonts/HKGrotesk/HKGrotesk-"


@dataclass(frozen=True)
class Variety:
    """``numbers``: letterings of the number; ``text``: of the rest; ``grounds``: the pattern under the print, in one of
    ``colours`` (RGB); ``others``: things that are no card; the rest are ranges. ``blur`` is in pixels of a picture of
    1,080 by 1,440, ``motion`` likewise, ``quality`` is JPEG's, ``share`` the card's width over the picture's."""

    numbers: tuple[Font, ...]
    text: tuple[Font, ...]
    grounds: tuple[Ground, ...]
    colours: tuple[tuple[int, int, int], ...]
    others: tuple[Other, ...]
    fingers: Literal["round", "jointed"]
    share: Range = (0.28, 0.5)
    blur: Range = (0.3, 1.5)
    motion: Range = (0.0, 2.0)
    noise: Range = (1.0, 5.0)
    quality: tuple[int, int] = (60, 90)
    chroma: tuple[str, ...] = ("420",)


LEARNT = Variety(
    numbers=(stroke(cv2.FONT_HERSHEY_SIMPLEX, 8), stroke(cv2.FONT_HERSHEY_DUPLEX, 7), angular(13, 2.0)),
    text=(stroke(cv2.FONT_HERSHEY_SIMPLEX, 6), stroke(cv2.FONT_HERSHEY_PLAIN, 5)),
    grounds=("waves", "rings"),
    colours=((168, 205, 226), (150, 196, 222), (186, 214, 224), (160, 190, 214)),
    others=("phone", "paper", "bank_card"),
    fingers="round",
)
KEPT_APART = Variety(
    numbers=(outline(f"{_GX}Bold.otf"), outline(f"{_GX}SemiBold.otf"), outline(None), angular(16, 1.6)),
    text=(outline(None), outline(f"{_GX}Medium.otf")),
    grounds=("rays", "weave"),
    colours=((156, 208, 232), (178, 206, 216), (146, 186, 206), (170, 214, 220)),
    others=("book", "fan", "box"),
    fingers="jointed",
    blur=(0.3, 1.3),
    motion=(0.0, 2.5),
    noise=(1.0, 7.0),
    quality=(55, 88),
    chroma=("420", "422"),
)
