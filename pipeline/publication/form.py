"""What the approver reads before saying yes: funnel, comparison with the wave before, warnings. Aggregates only.

Markdown for Airflow's form; every figure is one that the wave's report shows, and the same small cells are hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.reports.figures.comparison import STEPS, Column
from pipeline.reports.figures.wave_figures import Figures
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, translator
from pipeline.reports.wording import alert_text

#: Where the plugin serves a wave's report inside Airflow.
REPORT = "/gelombang/{key}/report"


def approval_form(f: Figures, language: str) -> str:
    """The form's text, from the figures of a run."""
    t = translator(language)
    parts = [_places(f, t), _funnel(f, t, language), _warnings(f, t), _comparison(f, t, language)]
    link = f"[{t('approval.report')}]({REPORT.format(key=f.wave.key)})"
    return "\n\n".join([*(part for part in parts if part), link]) + "\n"


def _places(f: Figures, t: Translate) -> str:
    accepted, quota = f.funnel.accepted, f.funnel.quota
    return t("funnel.filled", accepted=accepted, quota=quota, share=accepted / quota)


def _funnel(f: Figures, t: Translate, language: str) -> str:
    rows = [
        (t(f"step.{step}"), _shown(passed, language), _shown(left, language)) for step, passed, left in f.funnel.rows()
    ]
    return _table((t("funnel.step"), t("funnel.passed"), t("funnel.left")), rows)


def _warnings(f: Figures, t: Translate) -> str:
    if not f.alerts:
        return t("approval.no_warnings")
    return f"**{t('approval.warnings')}**\n\n" + "\n".join(f"- {alert_text(alert, t)}" for alert in f.alerts)


def _comparison(f: Figures, t: Translate, language: str) -> str:
    if not f.comparison:
        return ""
    this, before, *_ = f.comparison
    steps = [s for s in STEPS if this.shares[s] is not None or before.shares[s] is not None]
    rows = [(t(f"step.{s}"), *(numbers.percent(c.shares[s], language) for c in (this, before))) for s in steps]
    rows += [(t("step.accepted"), *(numbers.integer(c.accepted, language) for c in (this, before)))]
    return _table((t("approval.compared"), _wave(this, t), _wave(before, t)), rows)


def _wave(column: Column, t: Translate) -> str:
    return t("approval.wave", wave=str(column.wave))


def _shown(value: int | None, language: str) -> str:
    return "–" if value is None else numbers.integer(value, language)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
