"""What is to be rendered of one application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Photographs are numbered through a country, so many to a wave.
EACH_WAVE = 100_000_000
#: The identity card in a selfie: the applicant's own, somebody else's, one whose number has a digit altered, none, or
#: one whose number cannot be read.
CardKind = Literal["right", "another", "altered", "none", "unreadable"]
#: Faults of a selfie in which no card is held.
WITHOUT_CARD = ("no_face", "several_faces", "blur", "dark")


@dataclass(frozen=True)
class HeldCard:
    """The card in a selfie, for a wave that looks at cards, and the number on it."""

    kind: CardKind
    number: str


@dataclass(frozen=True)
class Job:
    """One application's photographs."""

    number: int  # of the application
    person: int  # place in the population
    odd_year: bool  # of birth
    fault: str | None
    selfie: Path
    reference: Path | None  # None: already made with another application of the same person, or there is none
    turn: int = 0  # place in the order in which they are needed
    face: int | None = None  # whose face it is, where that is another person's
    source: int | None = None  # place of the face's source, where no two people may share one
    copy_of: int | None = None  # number of the application whose selfie is sent again
    card: HeldCard | None = None  # None: the wave looks at no cards
