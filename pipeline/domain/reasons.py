"""The catalogue of reason codes: layer, retry and message of each, read once from ``reasons.toml``.

Nothing else in the project lists the codes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

LAYERS = ("registration", "identity", "education", "bansos", "exclusion", "selfie")
#: What a photograph is scored for, in catalogue order.
DEFECTS = ("blur", "glasses", "ears_hidden", "tilted", "dark", "hat")
#: The results of the card check, for waves that look at cards.
CARD_CODES = ("card_differs", "card_unreadable", "card_missing")
#: Warns that a doubt passed because the portrait on the card agrees with both faces.
LIFTED = "card_face"
#: From the hardest to the mildest: what a refused applicant may send again (docs/reference/contract.md).
RETRIES = ("none", "data", "photo")


@dataclass(frozen=True)
class Reason:
    """One code of the catalogue; ``order`` is its place in every list of reasons.

    ``refused`` is the text after a person has refused; the plain text says that a person will decide.
    """

    code: str
    layer: str
    retry: str
    id: str
    en: str
    order: int
    refused_id: str | None = None
    refused_en: str | None = None


@dataclass(frozen=True)
class Notice:
    """A warning: it is reported and never decides."""

    code: str
    id: str
    en: str


class _Catalogue(NamedTuple):
    reasons: dict[str, Reason]
    warnings: dict[str, Notice]


@lru_cache(maxsize=1)
def _catalogue() -> _Catalogue:
    raw = tomllib.loads((files("pipeline.domain") / "reasons.toml").read_text(encoding="utf-8"))
    reasons = {r["code"]: Reason(**r, order=i) for i, r in enumerate(raw["reason"])}
    warnings = {w["code"]: Notice(**w) for w in raw["warning"]}
    return _Catalogue(reasons, warnings)


def catalogue() -> dict[str, Reason]:
    """All reasons by code, in catalogue order."""
    return _catalogue().reasons


def warning_catalogue() -> dict[str, Notice]:
    """The codes that only ever warn; a selfie defect may warn too (see :func:`message`)."""
    return _catalogue().warnings


def codes(layer: str | None = None) -> tuple[str, ...]:
    """Codes in catalogue order, of one layer or of all."""
    return tuple(c for c, r in catalogue().items() if layer is None or r.layer == layer)


def ordered(given: Iterable[str]) -> list[str]:
    """The given codes, each once, in catalogue order. Raises KeyError for a code that is not in the catalogue."""
    table = catalogue()
    return sorted(set(given), key=lambda code: table[code].order)


def first_layer(given: Iterable[str]) -> str | None:
    """The first layer, in the programme's order, that any of the reasons belongs to; None without reasons."""
    layers = {catalogue()[code].layer for code in given}
    return next((layer for layer in LAYERS if layer in layers), None)


def retry_of(given: Iterable[str]) -> str:
    """The hardest retry of the reasons: what the applicant may send again. Without reasons: ``none``."""
    retries = {catalogue()[code].retry for code in given}
    return next((retry for retry in RETRIES if retry in retries), "none")


def message(code: str, language: str, outcome: str | None = None) -> str:
    """What a reason or a warning says in ``id`` or ``en``; where the outcome changes the words, for this outcome.

    Raises KeyError for an unknown code.
    """
    entry: Reason | Notice = catalogue().get(code) or warning_catalogue()[code]
    if outcome == "rejected" and isinstance(entry, Reason) and entry.refused_id and entry.refused_en:
        return entry.refused_id if language == "id" else entry.refused_en
    return entry.id if language == "id" else entry.en


def messages(given: Iterable[str], language: str, outcome: str = "rejected") -> str:
    """One text with every reason's message, in catalogue order, as applicants with this outcome read it."""
    return " ".join(message(code, language, outcome) for code in ordered(given))
