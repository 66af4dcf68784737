"""Writes down what a run's report shows (``out/released.json``), for the releases to come."""

from __future__ import annotations

from pipeline.domain.calendar import Wave
from pipeline.reports.figures.released_figures import figures_of, lone
from pipeline.reports.figures.wave_figures import Figures
from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import note_release
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store


def note_figures(store: Store, wave: Wave, found: Figures) -> None:
    """Notes the figures of a run that has its ``funnel.json``, and all that was released of the wave before."""
    out = store.work(wave) / "out"
    tables = {"sex": found.sex, "age": found.age, "tier": found.tier, "province": found.provinces}
    shown = {kind: figures_of(rows) for kind, rows in tables.items() if rows}
    lines = {"decisions": found.decisions, "warnings": found.warnings, "sent_again": found.sent_again}
    lines |= {"verified": {"all": found.verified}, "defects": {d.code: d.warning for d in found.defects}}
    shown |= {name: lone(counts) for name, counts in lines.items() if any(n is not None for n in counts.values())}
    note_release(out, read_json(out / "funnel.json"), found.funnel, releases.earlier(store, wave), shown)
