"""Figures in words: one language edition of a wave report, as its templates read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor
from typing import Any

from pipeline.domain import reasons
from pipeline.reports.figures import comparison, provinces, truth_comparison
from pipeline.reports.figures.alerts import Alert
from pipeline.reports.figures.fairness import Rate
from pipeline.reports.figures.groups import NOT_COMPARED, Group
from pipeline.reports.figures.wave_figures import Figures
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, translator
from pipeline.reports.messages.letters import texts
from pipeline.reports.wave_states import Published

_STEP = 0.05
_TRUTH_COLUMNS = {"screening": truth_comparison.SCREENING_COLUMNS, "selfie": truth_comparison.SELFIE_COLUMNS}


@dataclass(frozen=True)
class Axis:
    """An axis of shares, cut to the range of the intervals; ``middle`` is the share of all."""

    low: float
    high: float
    middle: float


def edition(f: Figures, lang: str, published: Published | None = None) -> dict[str, Any]:
    """The values of a wave report's templates in one language; of a revision with its own places."""
    t = translator(lang)
    accepted, let_in = (published.accepted, published.added) if published else (f.funnel.accepted, 0)
    tables = {"sex": f.sex, "age": f.age, "tier": f.tier, "province": f.provinces}
    return {
        "f": f,
        "summary": _summary(f, t, accepted, let_in),
        "accepted": accepted,
        "alerts": [alert_text(alert, t) for alert in f.alerts],
        "message": lambda code: reasons.message(code, lang),
        "hint": lambda code: texts()["reason"][code][f"do_{lang}"],
        "group": lambda kind, keys: group_name(kind, keys, t),
        "scales": {kind: _axes(groups or []) for kind, groups in tables.items()},
        "rules": [(code, t(f"rule.{code}"), t(f"basis.{code}")) for code in _rules(f)],
        "change": lambda name: _change(f, name, lang),
        "most": max((n or 0 for s in f.funnel.steps for n in s.by_reason.values()), default=0),
        "extracts": [(n, date.fromisoformat(x["asof"]), x["rows"]) for n, x in f.plan.get("extracts", {}).items()],
        "contents": _contents(f),
        "truth_columns": _TRUTH_COLUMNS,
        "impostor_group": lambda found: truth_comparison.group_name(found, t),
        "comparison_steps": [s for s in comparison.STEPS if any(c.shares[s] is not None for c in f.comparison)],
    }


def _contents(f: Figures) -> list[tuple[str, str]]:
    """The sections that this report has: the end of their id, and the key of their title."""
    there = [
        ("funnel", "funnel", True),
        ("why", "reasons", True),
        ("photo", "photo", bool(f.verified)),
        ("again", "sent_again", bool(f.sent_again)),
        ("places", "places", True),
        ("prov", "provinces", True),
        ("fair", "fairness", True),
        ("comp", "comparison", bool(f.comparison)),
        ("truth", "truth", f.truth is not None),
        ("made", "made", True),
    ]
    return [(anchor, key) for anchor, key, shown in there if shown]


def _summary(f: Figures, t: Translate, accepted: int, let_in: int) -> str:
    """The wave in one or two sentences, without figures that are not shown. ``let_in``: from the reserve, by the last
    screening."""
    parts = [t("summary.registered", n=f.funnel.registrations)]
    if f.eligible is not None:
        parts.append(t("summary.eligible", n=f.eligible, share=f.eligible / f.funnel.registrations))
    if f.wave.selfie == "after_draw" and f.drawn is not None and f.funnel.passed("selfie") is not None:
        parts.append(t("summary.drawn", n=f.drawn, quota=f.funnel.quota))
    parts.append(t("summary.accepted", n=accepted, quota=f.funnel.quota))
    if reserve := f.funnel.ends["reserve"]:
        parts.append(t("summary.reserve", n=reserve - let_in))
    return " ".join(parts)


def alert_text(alert: Alert, t: Translate) -> str:
    parameters = dict(alert.parameters)
    if "extract" in parameters:
        parameters["extract"] = t(f"extract.{parameters['extract']}")
    if "defect" in parameters:
        parameters["defect"] = t(f"defect.{parameters['defect']}")
    if "step" in parameters:
        parameters["step"] = t(f"step.{parameters['step']}")
    if "settings" in parameters:
        parameters["settings"] = ", ".join(t(f"setting.{name}") for name in parameters["settings"])
    return t(f"alert.{alert.code}", **parameters)


def group_name(kind: str, keys: Sequence[str], t: Translate) -> str:
    """A group's name; several merged ones are named together, many provinces are counted."""
    if kind == "area" and len(keys) == 1 and keys[0] == "elsewhere":
        return t("area.elsewhere")
    if kind in ("province", "area"):
        if len(keys) == 1:
            return provinces.name(keys[0]) or t("group.unknown_province", code=keys[0])
        return t("area.merged" if kind == "area" else "group.merged_provinces", n=len(keys))
    if kind == "age" and len(keys) > 1 and NOT_COMPARED.isdisjoint(keys):
        first, last = keys[0].partition("_")[0], keys[-1].partition("_")[2]
        return t("age.from", age=first) if last == "up" else t("age.between", first=first, last=last)
    return ", ".join(t(f"{kind}.{key}") for key in keys)


def _axes(groups: Sequence[Group]) -> dict[str, Axis | None]:
    photographs = [g.photographs for g in groups]
    return {
        "eligibility": _axis([g.eligibility for g in groups]),
        "photo": _axis([g.photo for g in groups]),
        "review": _axis([p.review if p else None for p in photographs]),
        "refused": _axis([p.refused if p else None for p in photographs]),
        "again": _axis([p.again if p else None for p in photographs]),
    }


def _axis(found: Sequence[Rate | None]) -> Axis | None:
    rates = [rate for rate in found if rate is not None]
    everybody = sum(rate.of for rate in rates)
    if not everybody:
        return None
    low = floor(min(rate.low for rate in rates) / _STEP) * _STEP
    high = ceil(max(rate.high for rate in rates) / _STEP) * _STEP
    return Axis(max(low, 0.0), min(high, 1.0), sum(rate.passed for rate in rates) / everybody)


def _change(f: Figures, name: str, lang: str) -> str:
    """A figure against the wave before; empty where there is none, or where one of the two is not shown."""
    before = next((c for c in f.comparison if c.wave is not None and c.wave < f.wave.number), None)
    now = getattr(f.funnel, name)
    then = getattr(before, name) if before else None
    if before is None or now is None or then is None:
        return ""
    sign = "+" if now > then else "−" if now < then else "±"
    shown = f"{sign}{numbers.integer(abs(now - then), lang)}"
    return translator(lang)("comparison.change", n=shown, wave=str(before.wave))


def _rules(f: Figures) -> list[str]:
    """The code of every rule in force."""
    from pipeline.screening.rulebook import rules_in_force

    return [rule.code for rule in rules_in_force(f.wave)]
