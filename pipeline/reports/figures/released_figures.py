"""A report's figures as the releases to come remember them (``out/released.json``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.domain.calendar import Wave
from pipeline.reports.figures.groups import Group
from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import note_release
from pipeline.reports.small_cells.releases import Table
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store

if TYPE_CHECKING:
    from pipeline.reports.figures.wave_figures import Figures


def lone(shown: dict[str, int | None]) -> Table:
    """Counts by name as a table of one row."""
    return [(list(shown), list(shown.values()))]


def figures_of(rows: Sequence[Group]) -> Table:
    """A table of groups as it is shown, for the releases to come."""

    def of(group: Group) -> list[int | None]:
        found = group.photographs
        three = [found.review.passed, found.refused.passed, found.again.passed] if found else [None] * 3
        return [group.applications, group.eligible, group.accepted, group.verified, group.photo_passed, *three]

    return [(list(group.keys), of(group)) for group in rows]


def note_figures(store: Store, wave: Wave, found: Figures) -> None:
    """Writes ``out/released.json``: what this run's report shows, for the releases to come."""
    out = store.work(wave) / "out"
    tables = {"sex": found.sex, "age": found.age, "tier": found.tier, "province": found.provinces}
    shown = {kind: figures_of(rows) for kind, rows in tables.items() if rows}
    lines = {"decisions": found.decisions, "warnings": found.warnings, "sent_again": found.sent_again}
    lines |= {"verified": {"all": found.verified}, "defects": {d.code: d.warning for d in found.defects}}
    shown |= {name: lone(counts) for name, counts in lines.items() if any(n is not None for n in counts.values())}
    note_release(out, read_json(out / "funnel.json"), found.funnel, releases.earlier(store, wave), shown)
