"""What is known about a pair of photographs: what was measured (kept), and the verdict that a policy makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Decision = Literal["match", "doubt", "mismatch", "unusable"]

DEFECTS = ("blur", "glasses", "ears_hidden", "tilted", "dark", "hat")
# The selfie codes in the order of the catalogue (CONTRACTS: reason codes).
CODES = (
    "selfie_missing",
    "selfie_unreadable",
    "no_face",
    "several_faces",
    *DEFECTS,
    "face_mismatch",
    "reference_missing",
)
UNUSABLE = frozenset(CODES[:4])


@dataclass(frozen=True)
class PhotoPair:
    """Paths below the folder of selfies and the folder of reference photographs."""

    selfie: str | None
    reference: str | None


@dataclass(frozen=True)
class Measurement:
    """What one look at a pair gave, before any threshold. Holds no picture and no descriptor, so it may be kept.

    ``problem`` is the code that forbids a comparison. ``distance`` is the recogniser's, None without two faces.
    Scores are 0–1, None = unknown; angles in degrees (roll clockwise; yaw, pitch by the mesh). ``same_covering``:
    the reference shows the head covered as well.
    """

    problem: str | None = None
    distance: float | None = None
    faces: int = 0
    reference_seen: bool = False
    same_covering: bool = False
    blur: float | None = None
    glasses: float | None = None
    ears_hidden: float | None = None
    tilted: float | None = None
    dark: float | None = None
    hat: float | None = None
    roll: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """A pair under a policy. ``similarity`` 0–1 or None; scores 0–1, None = unknown; ``reasons`` in catalogue order:
    every defect at or above its operating point and any other selfie code."""

    decision: Decision | None
    similarity: float | None
    reasons: tuple[str, ...]
    blur: float | None = None
    glasses: float | None = None
    ears_hidden: float | None = None
    tilted: float | None = None
    dark: float | None = None
    hat: float | None = None
    faces: int = 0
    reference_covered: bool = False
    distance: float | None = None
    roll: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    detail: str = ""


def in_order(codes: set[str]) -> tuple[str, ...]:
    """Selfie codes in catalogue order."""
    return tuple(code for code in CODES if code in codes)
