"""Rows that are set aside: counted, and the first of each kind named. A million take no more memory than a few."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field


def problem_key(problem: str) -> str:
    """A problem's name where a catalogue has its words."""
    return re.sub(r"\W+", "_", problem)


@dataclass
class SetAside:
    """What was set aside of one file: the count of each problem, and the first lines that have it."""

    listed: int
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[tuple[int, str]] = field(default_factory=list)
    _listed_of: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, problem: str, rows: int = 1) -> None:
        """Counts rows that begin in this line."""
        self.counts[problem] += rows
        if self._listed_of[problem] < self.listed:
            self._listed_of[problem] += 1
            self.lines.append((line, problem))

    @property
    def total(self) -> int:
        """All rows set aside."""
        return self.counts.total()

    def rows(self) -> list[tuple[int, str, int]]:
        """Line, problem and number of rows; the rows beyond the listed ones have line 0 and are one entry."""
        named = Counter(problem for _, problem in self.lines)
        rest = [(0, p, n - named[p]) for p, n in self.counts.items() if n > named[p]]
        return [(line, problem, 1) for line, problem in self.lines] + rest
