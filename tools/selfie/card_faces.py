"""What a card's portrait adds where two faces are in doubt: python -m tools.selfie.card_faces FACES [PEOPLE].

On CelebA's people (the half that cards are learned from, or the first PEOPLE of it) and on rendered cards. Prints the
figures of docs/explanation/card.md, with 95 % intervals (Wilson). Pairs are taken in both directions.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import settings
from pipeline.domain.wilson import wilson
from pipeline.selfie.align import sface_chip
from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.card.card_layout import CARD, PORTRAIT
from pipeline.selfie.card.card_plane import through
from pipeline.selfie.decode import decode
from pipeline.selfie.described_face import Described
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.networks import sface
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, recogniser
from pipeline.simulate.photos.cards.card_selfie import backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.simulate.photos.face_sources import Source, portrait
from tools.selfie.card_figures import LARGE, MOST, SMALL, WIDTH
from tools.selfie.card_pictures import some_number
from tools.selfie.group_pairs import describe, rows_of

#: Cosines from which on selfie and portrait, and portrait and register, agree.
RULES = ((0.46, 0.42), (0.50, 0.50))
#: Strangers less alike than this are never in doubt, and are not compared again.
FAR_APART = 0.27
PORTRAITS, TRIED = 2, 8  # portraits of each person, and photographs that are tried for them
_AROUND = 0.12  # of the portrait's width and height that is cut out with it
_SIZE = (222, 312)

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Person:
    """The described photographs of somebody, and descriptors of cards with some of them, by path."""

    man: bool
    photographs: dict[str, Described]
    cards: dict[str, Vector]


@dataclass(frozen=True)
class Trial:
    """Cosines of selfie and portrait, and of portrait and register."""

    what: str
    man: bool
    selfie: float
    register: float


def portrait_on_card(faces: Path, path: str) -> Vector | None:
    """The descriptor of a photograph as it is seen on a card in a selfie; None where it cannot be used."""
    face = portrait(Source(faces / path))
    if face is None:
        return None
    rng = np.random.default_rng(zlib.crc32(path.encode()))
    data, _ = card_selfie(
        backdrop(face, WIDTH, rng), small_portrait(face), some_number(rng), shown="card", variety=LEARNT, rng=rng
    )
    small, large = decode(data, MOST, SMALL).pixels, decode(data, MOST, LARGE).pixels
    corners = find_card(small)
    if corners is None:
        return None
    flat = _cut(large, corners * (large.shape[1] / small.shape[1]))
    mesh = find(flat).mesh
    if mesh is None:
        return None
    chip = sface_chip(flat, mesh.points)
    vector = sface.embed(np.stack([chip, chip[:, ::-1]])).sum(0)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _cut(image: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    lies = cv2.getPerspectiveTransform(np.array(CARD.corners, np.float32), corners.astype(np.float32))
    box = np.array(PORTRAIT.corners)
    box = box + (box - box.mean(0)) * 2 * _AROUND
    placed = through(np.asarray(lies, np.float64), box).astype(np.float32)
    target = np.array([[0, 0], [_SIZE[0], 0], _SIZE, [0, _SIZE[1]]], np.float32)
    move = cv2.getPerspectiveTransform(placed, target)
    return np.asarray(cv2.warpPerspective(image, move, _SIZE, flags=cv2.INTER_CUBIC), np.uint8)


def people(faces: Path, most: int) -> list[Person]:
    """The people of one half, each with their photographs and cards."""
    by_person: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(faces / "celeba.csv"):
        by_person.setdefault(row["person"], []).append(row)
    half = [rows for name, rows in sorted(by_person.items()) if zlib.crc32(f"c{name}".encode()) % 2 == 0]
    model, found = recogniser(DEFAULT), []
    for rows in half[:most]:
        paths = sorted((row["path"] for row in rows), key=lambda path: zlib.crc32(path.encode()))
        cards: dict[str, Vector] = {}
        for path in paths[:TRIED]:
            vector = portrait_on_card(faces, path) if len(cards) < PORTRAITS else None
            if vector is not None:
                cards[path] = vector
        found.append(Person(rows[0]["male"] == "1", describe(faces, paths, model), cards))
    return found


def trials(everybody: list[Person]) -> Iterator[Trial]:
    """Each doubt with each card that it can have."""
    for one, other in [(person, person) for person in everybody] + list(combinations(everybody, 2)):
        if one.man != other.man:
            continue
        for a, b in _in_doubt(one, other):
            for selfie, mine, register, theirs in ((a, one, b, other), (b, other, a, one)):
                face, kept = mine.photographs[selfie].descriptor, theirs.photographs[register].descriptor
                who = "the same person" if one is other else "a stranger"
                for path, card in theirs.cards.items():
                    if path != selfie:
                        what = "the register's photograph" if path == register else "another photograph"
                        yield Trial(f"{who}, {what}", one.man, float(face @ card), float(kept @ card))
                forged = mine.cards if one is not other else {}
                for path, card in forged.items():
                    if path != selfie:
                        yield Trial(f"{who}, a forged card", one.man, float(face @ card), float(kept @ card))


def _in_doubt(one: Person, other: Person) -> list[tuple[str, str]]:
    if one is other:
        asked = list(combinations(sorted(one.photographs), 2))
    else:
        asked = [
            (a, b)
            for a, mine in one.photographs.items()
            for b, theirs in other.photographs.items()
            if float(mine.descriptor @ theirs.descriptor) >= FAR_APART
        ]
    policy = SelfiePolicy.default(settings())
    distances = recogniser(DEFAULT).distances([(one.photographs[a], other.photographs[b]) for a, b in asked])
    likeness = [policy.calibration.similarity(distance) for distance in distances]
    return [pair for pair, alike in zip(asked, likeness, strict=True) if policy.doubt <= alike < policy.match]


def main(faces: str, most: str = "1000") -> None:
    """Prints the figures."""
    found = list(trials(people(Path(faces), int(most))))
    for selfie, register in RULES:
        print(f"selfie and portrait at least {selfie}, portrait and register at least {register}:")
        for what in sorted({one.what for one in found}):
            for men in (None, True, False):
                mine = [one for one in found if one.what == what and men in (None, one.man)]
                lifted = sum(one.selfie >= selfie and one.register >= register for one in mine)
                if mine:
                    low, high = wilson(lifted, len(mine))
                    who = {None: "all", True: "men", False: "women"}[men]
                    print(f"  {what:45} {who:6} {lifted:4} of {len(mine):5}  {low:.1%}–{high:.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
