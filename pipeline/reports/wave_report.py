"""The wave report: ``out/report.html``, one self-contained page for management and the public.

Reads a run's own files (decisions, funnel, plan, draw, ingest), holds aggregates only, and always gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.domain.calendar import Wave
from pipeline.reports import page, wording
from pipeline.reports.figures.wave_figures import Figures, figures
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.wave_states import Published, state_sentences
from pipeline.storage.files import write_text
from pipeline.storage.paths import Store


def write_report(
    store: Store,
    wave: Wave,
    found: Figures | None = None,
    published: Published | None = None,
    path: Path | None = None,
) -> Path:
    """Writes the report of a run from the files of its folder. Raises WaveNotRunError without decisions.

    ``found``: the wave's figures, where they have been counted already. ``published``: the revision that it is written
    for, to ``path``; without one the report says that the result is provisional.
    """
    found = found or figures(store, wave)
    editions: dict[str, dict[str, Any]] = {
        lang: {**wording.edition(found, lang, published), "standing": state_sentences(published, lang)}
        for lang in LANGUAGES
    }
    return write_text(page.render("report.html.j2", editions), path or store.work(wave) / "out" / "report.html")
