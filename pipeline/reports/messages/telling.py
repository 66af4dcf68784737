"""Which reasons a letter may give, by how sure it is that its reader is the person. Reads only its own table.

The table is ``telling.toml``. Somebody may know a stranger's NIK, name, birth date and family card number and apply
with a phone of their own. They must not learn what a register says about that stranger.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain import reasons

_UNCONFIRMED = frozenset({"email_unverified", "phone_unverified"})
#: With one of these the applicant is not known to be the person whom the register describes.
_DISAGREES = frozenset({"identity_mismatch", "nik_unknown", "nik_malformed"})
SUPERSEDED = "duplicate_application"


@dataclass(frozen=True)
class LetterItem:
    """One paragraph of a letter: a reason by its code, or a group that replaces its reasons."""

    name: str
    codes: tuple[str, ...]
    group: bool = False

    @property
    def mends(self) -> bool:
        """Whether the reader can correct something."""
        return any(_table()["reason"][code]["mend"] for code in self.codes)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.reports.messages") / "telling.toml").read_text(encoding="utf-8"))


def group_of(code: str) -> str:
    """The group that replaces a reason; empty where the letter may always give the reason itself."""
    return str(_table()["reason"][code]["group"])


def table() -> list[tuple[str, str, bool]]:
    """Code, group and whether something can be mended, in catalogue order."""
    return [(code, group_of(code), bool(_table()["reason"][code]["mend"])) for code in reasons.codes()]


def reader_tells(given: Iterable[str], *, matched: bool) -> str:
    """The first row of ``[[reader]]`` that fits: ``reasons``, ``groups`` or ``typed``."""
    codes = set(given)
    facts = {"contact": not codes & _UNCONFIRMED, "identity": not codes & _DISAGREES, "selfie": matched}
    return next(
        str(row["tells"])
        for row in _table()["reader"]
        if all(row[key] == value for key, value in facts.items() if key in row)
    )


def letter_items(given: Sequence[str], *, matched: bool) -> list[LetterItem]:
    """What the letter about these reasons gives, in catalogue order. Raises KeyError for an unknown code.

    ``matched``: the selfie was found to show the register's person. About an application that another one of the same
    person replaces, the letter says only that: the other one has its own letter.
    """
    ordered = reasons.ordered(given)
    if SUPERSEDED in ordered:
        return [LetterItem(SUPERSEDED, (SUPERSEDED,))]
    tells = reader_tells(ordered, matched=matched)
    if tells == "reasons":
        return [LetterItem(code, (code,)) for code in ordered]
    if tells == "typed":
        ordered = [c for c in ordered if c in _DISAGREES or reasons.catalogue()[c].layer == "registration"]
    named = [(group_of(code) or code, code) for code in ordered]
    # groups come last, in an order of their own: a place among the reasons would show which one it replaces
    alone = [name for name, code in named if name == code]
    groups = sorted({name for name, code in named if name != code})
    return [LetterItem(name, (name,)) for name in alone] + [
        LetterItem(name, tuple(code for other, code in named if other == name), group=True) for name in groups
    ]
