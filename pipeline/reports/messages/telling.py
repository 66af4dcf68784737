"""What a letter may tell of the reasons, by how sure it is that its reader is the person. No data, no files.

The table is ``telling.toml``. Whoever knows a stranger's NIK, name, birth date and family card number and applies with
a phone of their own must learn nothing that a register says about that stranger.
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
#: With one of these nobody has shown to be whom the register describes.
_DISAGREES = frozenset({"identity_mismatch", "nik_unknown", "nik_malformed"})
SUPERSEDED = "duplicate_application"


@dataclass(frozen=True)
class Told:
    """One thing that a letter tells: a reason by its code, or a group in place of the reasons of it."""

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
    """The group that stands in for a reason; empty where the reason itself may always be told."""
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


def told(given: Sequence[str], *, matched: bool) -> list[Told]:
    """What is told to whoever has these reasons, in catalogue order. Raises KeyError for an unknown code.

    ``matched``: the selfie was found to show the register's person. Of an application that another one of the same
    person replaces only that is told: the other one has its own letter.
    """
    ordered = reasons.ordered(given)
    if SUPERSEDED in ordered:
        return [Told(SUPERSEDED, (SUPERSEDED,))]
    tells = reader_tells(ordered, matched=matched)
    if tells == "reasons":
        return [Told(code, (code,)) for code in ordered]
    if tells == "typed":
        ordered = [c for c in ordered if c in _DISAGREES or reasons.catalogue()[c].layer == "registration"]
    named = [(group_of(code) or code, code) for code in ordered]
    # groups come last, in an order of their own: a place among the reasons would tell which one it stands in for
    alone = [name for name, code in named if name == code]
    groups = sorted({name for name, code in named if name != code})
    return [Told(name, (name,)) for name in alone] + [
        Told(name, tuple(code for other, code in named if other == name), group=True) for name in groups
    ]
