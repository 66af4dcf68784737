"""What is known about a pair of photographs: what was measured (kept), and the verdict that a policy makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from pipeline.domain.reasons import ordered

Decision = Literal["match", "doubt", "mismatch", "unusable"]
#: The identity card in a selfie, against the number that was given. ``seen``: there is one, and no number was given.
CardState = Literal["agrees", "differs", "unreadable", "missing", "seen"]

#: Codes that forbid a comparison (docs/reference/contract.md, "The selfie's decision"). Their order is the catalogue's.
UNUSABLE = frozenset({"selfie_missing", "selfie_unreadable", "no_face", "several_faces"})

#: The ranges that a kept measurement is held to when it is read.
Score = Annotated[float, Field(ge=0, le=1)]
Angle = Annotated[float, Field(ge=-180, le=180)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Problem = Annotated[str, Field(pattern=f"^({'|'.join(sorted(UNUSABLE))})$")]


@dataclass(frozen=True)
class PhotoPair:
    """Paths below the folder of selfies and the folder of reference photographs; ``nik``: the number that the card in
    the selfie should bear, None where it is not known."""

    selfie: str | None
    reference: str | None
    nik: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a selfie, whatever the thresholds: scores 0–1, None = unknown; angles in degrees (roll
    clockwise; yaw, pitch by the mesh); ``distance`` is the recogniser's, None without two faces. The hashes (hex) say
    which files were looked at; None: it could not be read. ``card``: None where no card was looked for.
    ``card_distance``: of the card's portrait to the selfie or to the register's face, whichever is larger; None where
    it was not asked for: only a close call asks, and a card with the right number."""

    distance: Annotated[float, Field(ge=0)] | None = None
    faces: Annotated[int, Field(ge=0)] = 0
    blur: Score | None = None
    glasses: Score | None = None
    ears_hidden: Score | None = None
    tilted: Score | None = None
    dark: Score | None = None
    hat: Score | None = None
    roll: Angle | None = None
    yaw: Angle | None = None
    pitch: Angle | None = None
    card: CardState | None = None
    card_score: Score | None = None
    card_distance: Annotated[float, Field(ge=0)] | None = None
    detail: str = ""
    selfie_sha256: Sha256 | None = None
    reference_sha256: Sha256 | None = None


@dataclass(frozen=True, kw_only=True)
class Measurement(Seen):
    """What one look at a pair gave, before any threshold. Holds no picture and no descriptor, so it may be kept.

    ``problem`` is the code that forbids a comparison; ``same_covering``: the reference shows the head covered as well.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    problem: Problem | None = None
    reference_seen: bool = False
    same_covering: bool = False


@dataclass(frozen=True)
class Verdict(Seen):
    """A pair under a policy. ``similarity`` 0–1 or None; ``card_face``: the same of the card's portrait; ``reasons`` in
    catalogue order: every defect at or above its operating point and any other selfie code."""

    decision: Decision | None
    similarity: float | None
    card_face: float | None
    reasons: tuple[str, ...]


def in_order(codes: set[str]) -> tuple[str, ...]:
    """Selfie codes in catalogue order."""
    return tuple(ordered(codes))
