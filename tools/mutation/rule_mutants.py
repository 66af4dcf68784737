"""Mutants of a file of rules: an SQL file whole, and of ``rules.toml`` the predicates, the dates and the limit."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

from tools.mutation.sql_mutants import Mutant, mutants

_LINE = re.compile(r"^(predicate|register|from|until|recipients_per_kk) = (.+)$", re.MULTILINE)


def mutants_of(path: Path, text: str) -> list[Mutant]:
    """All mutants of a file's text."""
    if path.suffix == ".sql":
        return mutants(text)
    found = []
    for match in _LINE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        for new in _values(match[1], match[2]):
            changed = text[: match.start(2)] + new.text + text[match.end(2) :]
            found.append(Mutant(f"{match[1]}: {new.what}", line, changed))
    return found


def _values(key: str, value: str) -> list[Mutant]:
    if key in ("from", "until"):
        days = [date.fromisoformat(value) + timedelta(days=n) for n in (-1, 1)]
        return [Mutant(f"`{value}` → `{day}`", 1, str(day)) for day in days]
    if key == "predicate":
        return [Mutant(new.what, 1, f'"{new.text}"') for new in mutants(value[1:-1])]
    return mutants(value)
