"""Every figure of a wave report, as it may be shown: counted once, small counts merged or hidden, no words and no
markup."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.reasons import DEFECTS
from pipeline.reports.figures import groups
from pipeline.reports.figures.alerts import Alert, alerts
from pipeline.reports.figures.area_places import AreaPlaces, area_places
from pipeline.reports.figures.comparison import Column, columns, earlier
from pipeline.reports.figures.delivered_rows import DeliveredRows, delivered_rows
from pipeline.reports.figures.groups import Group
from pipeline.reports.figures.provinces import Map, map_of
from pipeline.reports.figures.query import decisions
from pipeline.reports.figures.released_figures import figures_of, lone
from pipeline.reports.figures.reupload_counts import sent_again
from pipeline.reports.figures.truth_comparison import FOUND, TruthReport, compare_with_truth
from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import Funnel, published
from pipeline.reports.small_cells.suppress import hide
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class Defect:
    """One of the six defects: how often it was a reason, and how often it was seen without a rejection."""

    code: str
    reason: int | None
    warning: int | None

    @property
    def seen(self) -> int | None:
        """On how many photographs it was seen at all."""
        return None if self.reason is None or self.warning is None else self.reason + self.warning


@dataclass(frozen=True)
class Figures:
    """A wave's figures; None wherever a figure is not shown."""

    wave: Wave
    funnel: Funnel
    eligible: int | None
    drawn: int | None
    verified: int | None
    photo_again: int | None
    defects: list[Defect]
    decisions: dict[str, int | None]
    warnings: dict[str, int | None]
    sent_again: dict[str, int | None]
    sex: list[Group] | None
    age: list[Group] | None
    tier: list[Group] | None
    provinces: list[Group] | None
    areas: list[AreaPlaces] | None
    map: Map | None
    comparison: list[Column]
    alerts: list[Alert]
    plan: dict[str, Any]
    draw: dict[str, Any]
    ingest: dict[str, Any]
    rows: DeliveredRows | None
    truth: TruthReport | None


def figures(store: Store, wave: Wave) -> Figures:
    """Counts a run's ``out/decisions.parquet`` and reads the small files of the same folder. Raises WaveNotRunError."""
    work = store.work(wave)
    released = releases.earlier(store, wave)
    funnel = published(read_json(work / "out" / "funnel.json"), released)
    before = earlier(store, wave)
    side = {name: _optional(store, wave, name) for name in ("plan", "draw", "ingest")}
    with decisions(work / "out" / "decisions.parquet", work) as query:
        counted = query.rows("group_counts")
        defects = {row["code"]: row for row in query.rows("photo_defects")}
        compared = {row["decision"]: row["n"] for row in query.rows("photo_decisions")}
        warnings = {row["code"]: row["n"] for row in query.rows("warnings")}
        areas = area_places(wave, query, work / "drawn.parquet")
    by_group = {kind: groups.table(counted, kind) for kind in ("sex", "age", "tier")}
    by_group["province"] = groups.provinces(counted)
    by_group = {kind: t if t and released.allows(kind, figures_of(t)) else None for kind, t in by_group.items()}
    by_province = by_group["province"]

    def steady(name: str, shown: dict[str, int | None]) -> dict[str, int | None]:
        return shown if released.allows(name, lone(shown)) else dict.fromkeys(shown)

    verified = steady("verified", hide({"all": sum(compared.values())}))["all"]
    seen = _defects(funnel, steady("defects", hide({c: defects.get(c, {}).get("warning", 0) for c in DEFECTS})))
    truth = store.landing(wave, "truth.parquet").is_file()
    return Figures(
        wave=wave,
        funnel=funnel,
        eligible=funnel.passed("exclusion"),
        drawn=funnel.passed("drawn"),
        verified=verified,
        photo_again=_photo_again(funnel),
        defects=seen,
        decisions=steady("decisions", hide({d: compared.get(d, 0) for d in FOUND})),
        warnings=steady("warnings", hide({code: warnings.get(code, 0) for code in _warning_codes(wave)})),
        sent_again=steady("sent_again", sent_again(work / "out")),
        sex=by_group["sex"],
        age=by_group["age"],
        tier=by_group["tier"],
        provinces=by_province,
        areas=areas,
        map=map_of(by_province) if by_province else None,
        comparison=columns(funnel, before),
        alerts=alerts(
            wave,
            funnel,
            before[-1] if before else None,
            plan=side["plan"],
            ingest=side["ingest"],
            earlier_results=_optional(store, wave, "earlier_results"),
            defects={} if verified is None else {d.code: d.seen / verified for d in seen if d.seen},
            refused_lines=_refused_lines(work),
        ),
        rows=delivered_rows(side["ingest"], funnel.registrations),
        truth=compare_with_truth(store, wave, work / "out") if truth else None,
        **side,
    )


def _warning_codes(wave: Wave) -> list[str]:
    """The codes that only warn, and the results of the card check in a wave that has it."""
    if wave.card == "check":
        return [*reasons.warning_catalogue(), *reasons.CARD_CODES]
    return [code for code in reasons.warning_catalogue() if code != reasons.LIFTED]


def _optional(store: Store, wave: Wave, name: str) -> dict[str, Any]:
    """A small file of the run; empty where there is none."""
    path = store.work(wave) / f"{name}.json"
    return dict(read_json(path)) if path.is_file() else {}


def _refused_lines(work: Path) -> int:
    """Kept verdicts that the run refused, each counted once."""
    return len({line for path in sorted(work.glob("refused/*.json")) for line in read_json(path)["lines"]})


def _photo_again(funnel: Funnel) -> int | None:
    """Who may send the photograph alone: everybody who failed only because of the photograph."""
    selfie = next((s for s in funnel.steps if s.step == "selfie"), None)
    if selfie is None or selfie.left is None or funnel.ends["review"] is None:
        return None
    return selfie.left - funnel.ends["review"]


def _defects(funnel: Funnel, warned: dict[str, int | None]) -> list[Defect]:
    """As reasons, exactly the figures of the funnel: if one figure were hidden in two ways, it could be computed."""
    shown = next((s.by_reason for s in funnel.steps if s.step == "selfie"), {})
    return [Defect(code, shown.get(code, 0), warned[code]) for code in DEFECTS]
