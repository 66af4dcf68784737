"""Pictures that the finder of cards is learned from, and those it is tested on: renderings, and photographs without a
card. Reads the folder of faces; keeps nothing on disk.

People are split: a person in a picture to learn from is in none to test on.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.simulate.photos import face_sources
from pipeline.simulate.photos.cards.card_selfie import CardTruth, Shown, backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import Variety
from pipeline.simulate.photos.face_sources import Portrait, Source


@dataclass(frozen=True)
class CardPicture:
    """A JPEG, what it shows, and the number on the card (empty without one)."""

    data: bytes
    shown: Shown
    number: str
    truth: CardTruth | None


def photographs(faces: Path, *, test: bool) -> list[Path]:
    """Photographs of the people of one half, in a fixed order that mixes them."""
    found = [path for folder in ("celeba", "lfw") for path in sorted((faces / folder).glob("*.jpg"))]
    mine = [path for path in found if (zlib.crc32(_person(faces, path).encode()) % 2 == 1) == test]
    return sorted(mine, key=lambda path: zlib.crc32(path.name.encode() + b"order"))


def _person(faces: Path, path: Path) -> str:
    if path.parent.name == "lfw":
        return path.stem.split("_")[0]
    return _celeba(faces)[f"celeba/{path.name}"]


@cache
def _celeba(faces: Path) -> dict[str, str]:
    lines = (faces / "celeba.csv").read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split(",")[:2] for line in lines)


def some_number(rng: np.random.Generator) -> str:
    """Sixteen digits in the form of a NIK: a region, a day of birth (women's plus 40), a running number."""
    day = int(rng.integers(1, 29)) + 40 * int(rng.integers(2))
    region = int(rng.integers(11, 95)) * 10_000 + int(rng.integers(1, 80)) * 100 + int(rng.integers(1, 40))
    return f"{region:06d}{day:02d}{rng.integers(1, 13):02d}{rng.integers(0, 100):02d}{rng.integers(1, 400):04d}"


def renderings(
    faces: Path, variety: Variety, shown: list[Shown], *, width: int, seed: int, test: bool
) -> Iterator[CardPicture]:
    """One picture for each of ``shown``, ``width`` pixels wide."""
    people = photographs(faces, test=test)
    for at, kind in enumerate(shown):
        rng = np.random.default_rng([seed, at])
        face = _usable(people, rng)
        number = some_number(rng)
        data, truth = card_selfie(
            backdrop(face, width, rng), small_portrait(face), number, shown=kind, variety=variety, rng=rng
        )
        yield CardPicture(data, kind, number if truth else "", truth)


def _usable(people: list[Path], rng: np.random.Generator) -> Portrait:
    while True:
        face = face_sources.portrait(Source(people[rng.integers(len(people))]))
        if face is not None:
            return face
