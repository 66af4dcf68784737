"""The wave report: ``out/report.html``, one self-contained page for management and the public.

Reads a run's own files (decisions, funnel, plan, draw, ingest), holds aggregates only, and always gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.calendar import Wave
from pipeline.reports import page
from pipeline.reports.labels import LANGUAGES
from pipeline.reports.terminal import rows as funnel_rows
from pipeline.store import Store, read_json, write_text


def write_report(store: Store, wave: Wave) -> Path:
    """Writes the report of a run from the files beside it. Raises WaveNotRunError without decisions."""
    out = store.work(wave) / "out"
    funnel = read_json(out / "funnel.json")
    values: dict[str, Any] = {"wave": wave, "funnel": funnel, "rows": funnel_rows(funnel)}
    html = page.render("report.html.j2", dict.fromkeys(LANGUAGES, values))
    return write_text(html, out / "report.html")
