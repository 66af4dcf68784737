"""What a card's portrait settles where two faces are in doubt: python -m tools.selfie.card_faces FACES [PEOPLE].

On CelebA's people, one half with cards of the kind that the networks learned from, the other with the kind that is kept
apart (PEOPLE: the first so many of each), and on the groups of strangers. Prints the figures of
docs/explanation/card.md, with 95 % intervals (Wilson). Pairs are taken in both directions.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import settings
from pipeline.domain.wilson import wilson
from pipeline.selfie.card.card_check import read_card
from pipeline.selfie.card.card_portrait import cut_portrait, farther
from pipeline.selfie.decode import decode
from pipeline.selfie.described_face import Described
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, recogniser
from pipeline.simulate.photos.cards.card_selfie import backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import KEPT_APART, LEARNT, Variety
from pipeline.simulate.photos.face_sources import Source, portrait
from tools.selfie.card_figures import LARGE, MOST, SMALL, WIDTH
from tools.selfie.card_pictures import some_number
from tools.selfie.group_pairs import describe, rows_of, strangers

#: Similarities from which on the portrait is both faces; the product's own among them.
POINTS = (0.894, 0.932, 0.95, 0.969)
#: Strangers less alike than this are never in doubt, and are not compared again.
FAR_APART = 0.27
PORTRAITS, TRIED = 4, 10  # portraits of each person, and photographs that are tried for them
DOUBTS = 120  # of each group

_Photographs = dict[str, Described]


@dataclass(frozen=True)
class Person:
    """The described photographs of somebody, and the portraits of cards with some of them, by path."""

    man: bool
    photographs: _Photographs
    cards: _Photographs


@dataclass(frozen=True)
class Trial:
    """A selfie and a register's photograph that are in doubt, and a card's portrait."""

    what: str
    man: bool
    selfie: Described
    register: Described
    card: Described


def on_card(faces: Path, path: str, variety: Variety) -> Described | None:
    """A photograph as it is seen on a card in a selfie; None where it cannot be used."""
    face = portrait(Source(faces / path))
    if face is None:
        return None
    rng = np.random.default_rng(zlib.crc32(path.encode()))
    data, _ = card_selfie(
        backdrop(face, WIDTH, rng), small_portrait(face), some_number(rng), shown="card", variety=variety, rng=rng
    )
    reading = read_card(decode(data, MOST, SMALL).pixels, None)
    if reading is None:
        return None
    flat = cut_portrait(decode(data, MOST, LARGE).pixels, reading.corners)
    mesh = find(flat).mesh
    return None if mesh is None else Described((flat, mesh), recogniser(DEFAULT).describe([(flat, mesh)])[0])


def people(faces: Path, half: int, variety: Variety, most: int) -> list[Person]:
    """The people of one half, each with their photographs and cards."""
    by_person: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(faces / "celeba.csv"):
        by_person.setdefault(row["person"], []).append(row)
    rows_of_half = [rows for name, rows in sorted(by_person.items()) if zlib.crc32(f"c{name}".encode()) % 2 == half]
    found = []
    for rows in rows_of_half[:most]:
        paths = sorted((row["path"] for row in rows), key=lambda path: zlib.crc32(path.encode()))
        cards: _Photographs = {}
        for path in paths[:TRIED]:
            card = on_card(faces, path, variety) if len(cards) < PORTRAITS else None
            if card is not None:
                cards[path] = card
        found.append(Person(rows[0]["male"] == "1", describe(faces, paths, recogniser(DEFAULT)), cards))
    return found


def of_people(everybody: list[Person]) -> Iterator[Trial]:
    """Each doubt with each card that its register's person can have. A stranger's card with the stranger's own portrait
    is the same trial the other way round: the smaller of the two likenesses counts."""
    for one, other in [(person, person) for person in everybody] + list(combinations(everybody, 2)):
        if one.man != other.man:
            continue
        for a, b in in_doubt(one.photographs, other.photographs, same=one is other):
            for selfie, mine, register, theirs in ((a, one, b, other), (b, other, a, one)):
                face, kept = mine.photographs[selfie], theirs.photographs[register]
                who = "the same person" if one is other else "a stranger"
                for path, card in theirs.cards.items():
                    if path != selfie:
                        which = "the register's photograph" if path == register else "another photograph"
                        yield Trial(f"{who}, {which}", one.man, face, kept, card)


def of_groups(faces: Path) -> Iterator[Trial]:
    """Strangers of each group in doubt, with a card that has the register's photograph: there is one a person."""
    for group, paths in strangers(faces).items():
        known = describe(faces, paths, recogniser(DEFAULT))
        found = in_doubt(known, known, same=True)
        some = np.random.default_rng(5).permutation(len(found))[:DOUBTS]
        cards: dict[str, Described | None] = {}
        for a, b in (found[i] for i in sorted(some)):
            for selfie, register in ((a, b), (b, a)):
                if register not in cards:
                    cards[register] = on_card(faces, register, KEPT_APART)
                card = cards[register]
                if card is not None:
                    yield Trial(f"group {group[:-2]}", group.endswith("L"), known[selfie], known[register], card)


def in_doubt(one: _Photographs, other: _Photographs, *, same: bool) -> list[tuple[str, str]]:
    """The pairs that are neither a match nor a mismatch; ``same``: two of one folder."""
    asked = list(combinations(sorted(one), 2)) if same else [(a, b) for a in one for b in other]
    near = [(a, b) for a, b in asked if float(one[a].descriptor @ other[b].descriptor) >= FAR_APART]
    policy = SelfiePolicy.default(settings())
    distances = recogniser(DEFAULT).distances([(one[a], other[b]) for a, b in near])
    likeness = [policy.calibration.similarity(distance) for distance in distances]
    return [pair for pair, alike in zip(near, likeness, strict=True) if policy.doubt <= alike < policy.match]


def portrait_likeness(found: list[Trial]) -> NDArray[np.float64]:
    """How alike each card's portrait is to the selfie and to the register's photograph, the smaller of the two."""
    model, curve = recogniser(DEFAULT), SelfiePolicy.default(settings()).calibration
    distances = farther(model, [(one.selfie, one.register, one.card) for one in found])
    return np.array([curve.similarity(distance) for distance in distances])


def told(title: str, trials: Iterable[Trial]) -> None:
    """Prints how many doubts each point lifts."""
    found = list(trials)
    alike = portrait_likeness(found)
    for what in sorted({one.what for one in found}):
        for who, sexes in {"all": (True, False), "men": (True,), "women": (False,)}.items():
            mine = alike[[one.what == what and one.man in sexes for one in found]]
            for point in POINTS if len(mine) else ():
                lifted = int((mine >= point).sum())
                low, high = wilson(lifted, len(mine))
                print(f"{title:7} {what:45} {who:6} {point} {lifted:4} of {len(mine):5}  {low:.2%}–{high:.2%}")


def main(faces: str, most: str = "1000") -> None:
    """Prints the figures."""
    folder = Path(faces)
    for half, (title, variety) in enumerate((("learnt", LEARNT), ("apart", KEPT_APART))):
        told(title, of_people(people(folder, half, variety, int(most))))
    told("groups", of_groups(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
