"""The record in plain words, one line an entry; the words are in ``history.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.domain.calendar import WIB
from pipeline.domain.said import written
from pipeline.record.entry import Entry

#: Whole numbers that name something and count nothing: they are written without separators.
_NAMES = ("number", "revision", "round", "wave")


@dataclass(frozen=True)
class Line:
    """One thing that happened: when (WIB), who did it, and what it was."""

    number: int
    at: datetime
    by: str
    event: str
    text: str


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.record") / "history.toml").read_text(encoding="utf-8"))


def columns(language: str) -> list[str]:
    """The headings of number, moment, person and event, in that order."""
    return [text[language] for text in _words()["column"].values()]


def history_lines(entries: Iterable[Entry], language: str) -> list[Line]:
    """The entries in a language (id, en); an entry whose facts do not fit its words is shown without them."""
    return [Line(e.number, e.moment.astimezone(WIB), e.by, e.event, text_of(e, language)) for e in entries]


def text_of(entry: Entry, language: str) -> str:
    """What one entry says."""
    words = _words()
    template = words["event"].get(entry.event, words["event"]["unknown"])[language]
    plain = {"event": entry.event, **entry.facts, **_counted(entry.facts)}
    facts = {**written(plain, language), **{name: plain[name] for name in _NAMES if name in plain}}
    given = written(entry.facts.get("given") or {}, language)
    by_hand = ", ".join(f"{words['value'].get(k, {}).get(language, k)} = {v}" for k, v in given.items())
    facts["by_hand"] = words["phrase"]["by_hand"][language].format(values=by_hand) if by_hand else ""
    facts["again"] = words["phrase"]["again"][language] if entry.facts.get("again") else ""
    try:
        said = str(template.format_map(facts)).strip()
    except (KeyError, ValueError, IndexError):
        said = str(entry.event)
    return "".join(c if c.isprintable() else "�" for c in said)  # a terminal obeys what is not


def _counted(facts: dict[str, Any]) -> dict[str, Any]:
    """Collections as their number, hashes by their first digits."""
    counts = {f"n_{name}": len(value) for name, value in facts.items() if isinstance(value, dict | list)}
    short = {f"{name}_short": value[:16] for name, value in facts.items() if name.endswith("sha256")}
    return {**counts, **short}
