"""The chance of a place by group, from many seeds, as it may be shown: small groups merged as in the report.

A group's row has four parts: people who are in both draws, divided by whether their photograph is known to have failed,
and people who are in only one draw. No part of a row that is shown has one to four people (``reports/small_cells``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.reports.figures.groups import NOT_COMPARED, ORDER
from pipeline.reports.small_cells.suppress import Row, merge, small
from pipeline.what_if.crowd import Counted, Counts, Crowd

#: Ninety-five of a hundred seeds are between these.
_BETWEEN = (2.5, 97.5)
#: Parts of a group: in both draws, without or with a failed photograph, or in only one of them.
_PARTS = ("both", "failed", "only_asked", "only_run")


@dataclass(frozen=True)
class Chance:
    """A share of people who get a place: on average, and its bounds in 95 of 100 seeds."""

    people: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupChance:
    """A group, or several merged ones, under both terms; None where none of its people is in that draw."""

    keys: tuple[str, ...]
    as_run: Chance | None
    asked: Chance | None


@dataclass(frozen=True)
class Drawn:
    """A crowd and how many of it were placed, by seed and cell."""

    crowd: Crowd
    placed: Counts

    def chance(self, by: str, keys: Sequence[str]) -> Chance | None:
        """The chance of the people whose group is one of these."""
        cells = [n for n, cell in enumerate(self.crowd.cells) if getattr(cell, by) in keys]
        people = int(self.crowd.people[cells].sum())
        return _chance(self.placed[:, cells].sum(axis=1), people) if people else None

    @property
    def accepted(self) -> tuple[float, int, int]:
        """Places filled: on average, and the bounds of 95 of 100 seeds."""
        total = self.placed.sum(axis=1)
        low, high = np.percentile(total, _BETWEEN, method="closest_observation")
        return float(total.mean()), int(low), int(high)


def _chance(placed: Counts, people: int) -> Chance:
    low, high = np.percentile(placed, _BETWEEN, method="closest_observation")
    return Chance(people, float(placed.mean()) / people, float(low) / people, float(high) / people)


def _part(row: dict[str, Any]) -> str:
    if row["in_run"] and row["in_asked"]:
        return "failed" if row["photo"] == "failed" else "both"
    return "only_asked" if row["in_asked"] else "only_run"


def by_group(counted: Counted, as_run: Drawn, asked: Drawn, by: str) -> list[GroupChance] | None:
    """The chances of every group of one kind; None where small counts forbid any division."""
    sums: dict[str, Counter[str]] = {}
    for row in counted.rows:
        sums.setdefault(row[by], Counter())[_part(row)] += row["n"]
    if small(sum(parts["failed"] for parts in sums.values())):  # too few to be distinguished anywhere
        for parts in sums.values():
            parts["both"] += parts.pop("failed", 0)
    keys = [key for key in ORDER[by] if key in sums] if by in ORDER else sorted(sums)
    rows = [Row((key,), tuple(sums[key][part] for part in _PARTS)) for key in keys]
    merged = merge(rows, in_order=by == "age", apart=NOT_COMPARED)
    if merged is None:
        return None
    found = [GroupChance(row.keys, as_run.chance(by, row.keys), asked.chance(by, row.keys)) for row in merged]
    if by == "province":
        found.sort(key=lambda group: (len(group.keys) > 1, -(group.as_run or group.asked or Chance(0, 0, 0, 0)).people))
    return found
