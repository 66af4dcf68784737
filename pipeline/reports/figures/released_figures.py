"""A report's figures in the form in which later releases remember them (``out/released.json``)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.reports.figures.groups import Group
from pipeline.reports.small_cells.releases import Table


def lone(shown: dict[str, int | None]) -> Table:
    """Counts by name as a table of one row."""
    return [(list(shown), list(shown.values()))]


def figures_of(rows: Sequence[Group]) -> Table:
    """A table of groups as it is shown."""

    def of(group: Group) -> list[int | None]:
        found = group.photographs
        three = [found.review.passed, found.refused.passed, found.again.passed] if found else [None] * 3
        return [group.applications, group.eligible, group.accepted, group.verified, group.photo_passed, *three]

    return [(list(group.keys), of(group)) for group in rows]
