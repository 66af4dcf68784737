"""The selfie of an application to a wave that looks at cards: large enough for a number to be read. Pixels only.

Cards are of the variety that the finder of cards was learned from: the one that is kept apart stays apart for the
figures of docs/explanation/card.md.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.simulate.photos import photo_faults
from pipeline.simulate.photos.cards.card_selfie import Shown, backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.simulate.photos.face_sources import Portrait
from pipeline.simulate.photos.photo_job import WITHOUT_CARD, HeldCard

WIDTH = 720
#: Held so near that its digits are some nine pixels high.
_VARIETY = replace(LEARNT, share=(0.38, 0.5))
_READABLE = 8.0  # pixels of a digit
_LOWER_LIP = 17  # of the face's mesh
_TRIES = 12


def holds_card(fault: str | None) -> bool:
    """Whether a selfie with this fault is rendered here. The others show no card and are as in any wave."""
    return fault not in WITHOUT_CARD


def selfie(face: Portrait, bearer: Portrait, card: HeldCard, fault: str | None, rng: np.random.Generator) -> bytes:
    """A JPEG as a telephone takes it; ``bearer`` is whose card it is.

    The mouth is in sight, and so is a number that is to be read: fingers, glare and distance are drawn until they are.
    """
    shown: Shown = "card"
    if card.kind == "none":
        shown = "other" if rng.random() < 0.5 else "nothing"
    small, hidden, data = small_portrait(bearer), card.kind == "unreadable", b""
    for _ in range(_TRIES):
        scene = backdrop(face, WIDTH, rng, photo_faults.tilt(rng) if fault == "tilted" else None)
        if fault in photo_faults.PAINTED:
            scene.image = photo_faults.PAINTED[fault](scene, rng)
        data, truth = card_selfie(scene, small, card.number, shown=shown, variety=_VARIETY, rng=rng, hidden=hidden)
        if truth is None:
            break
        below_mouth = truth.corners[:, 1].min() > scene.points[_LOWER_LIP, 1]
        if below_mouth and (hidden or (not truth.covered and truth.digit_height >= _READABLE)):
            break
    return data
