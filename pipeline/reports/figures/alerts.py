"""What a reader should know before trusting a wave's figures: codes with parameters; labels.toml has the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS
from pipeline.draw.beacon import chain_of
from pipeline.reports.small_cells.disclosure import Funnel
from pipeline.reports.small_cells.suppress import small

#: An extract older than this on the closing day no longer shows how things were on that day.
STALE_DAYS = 30
#: A step's pass rate that moved by more than this since the wave before asks for an explanation.
MOVED = 0.10
#: Rows that could not be read, of all rows delivered; values of one column, of all applications.
SET_ASIDE = 0.01
#: A defect seen on more photographs than this is more likely the camera's, the app's or the threshold's fault.
COMMON = 0.25
#: Places left empty, of the quota.
EMPTY = 0.05


@dataclass(frozen=True)
class Alert:
    """``code`` names a text of ``[alert]``; parameters fill it."""

    code: str
    parameters: dict[str, Any] = field(default_factory=dict)


def alerts(
    wave: Wave,
    funnel: Funnel,
    before: Funnel | None,
    *,
    plan: dict[str, Any],
    ingest: dict[str, Any],
    earlier_results: dict[str, Any],
    defects: Mapping[str, float],
    refused_lines: int = 0,
) -> list[Alert]:
    """All alerts: how the wave was drawn and run, the delivery, the rates, the places.

    ``defects``: the share of the photographs that each was seen on, where it may be shown. ``refused_lines``: kept
    verdicts that this installation did not write.
    """
    return [
        *([Alert("demonstration")] if wave.beacon and chain_of(wave).demonstration else []),
        *_run(plan, earlier_results),
        *_extracts(wave, plan),
        *_delivery(funnel, ingest),
        *([Alert("verdicts_refused", {"n": refused_lines})] if refused_lines else []),
        *_moved(funnel, before),
        *(Alert("defect_common", {"defect": c, "share": seen}) for c, seen in defects.items() if seen > COMMON),
        *_ends(funnel),
    ]


def _run(plan: dict[str, Any], earlier: dict[str, Any]) -> list[Alert]:
    """Whether somebody could have chosen the result: by values given by hand, or by running the wave several times.

    And whether it takes a place from somebody.
    """
    given = list(plan.get("given", {}))
    found = [Alert("overridden", {"settings": given})] if given else []
    if others := earlier.get("results", 0):
        found.append(Alert("another_result", {"n": others, "settings": earlier["differs"]}))
    if lost := earlier.get("lost", 0):  # even one matters: where they are too few, their number is not said
        said = {"revision": str(earlier["revision"])}
        found.append(Alert("places_lost_few", said) if small(lost) else Alert("places_lost", {"n": lost, **said}))
    return found


def _extracts(wave: Wave, plan: dict[str, Any]) -> list[Alert]:
    found: list[Alert] = []
    extracts = plan.get("extracts", {})
    for name in EXTRACTS:
        if name not in extracts:
            found.append(Alert("extract_absent", {"extract": name}))
            continue
        asof = date.fromisoformat(extracts[name]["asof"])
        if (age := (wave.closing_day - asof).days) > STALE_DAYS:
            found.append(Alert("extract_stale", {"extract": name, "asof": asof, "days": age}))
    return found


def _delivery(funnel: Funnel, ingest: dict[str, Any]) -> list[Alert]:
    aside = int(ingest.get("set_aside", 0))
    share = aside / (aside + funnel.registrations) if aside else 0.0
    found = [Alert("set_aside", {"n": aside, "share": share})] if share > SET_ASIDE else []
    if ignored := len(ingest.get("ignored_files", [])):
        found.append(Alert("files_ignored", {"n": ignored}))
    if quarantined := len(ingest.get("quarantined_files", {})):
        found.append(Alert("files_unreadable", {"n": quarantined}))
    if repeated := int(ingest.get("repeated_ids", 0)):
        found.append(Alert("ids_repeated", {"n": repeated}))
    unreadable = max(ingest.get("unreadable_values", {}).values(), default=0)
    if unreadable > SET_ASIDE * funnel.registrations:
        found.append(Alert("unreadable", {"n": unreadable, "share": unreadable / funnel.registrations}))
    # each row is an officer's decision or a person's second chance: even one matters
    for what in ("reviews", "reuploads"):
        if lost := int(ingest.get(what, {}).get("set_aside", 0)):
            found.append(Alert(f"{what}_set_aside", {"n": lost}))
    for how in ("unrecorded", "unsigned"):
        if n := int(ingest.get("reviews", {}).get(how, 0)):
            found.append(Alert(f"reviews_{how}", {"n": n}))
    return found


def _moved(funnel: Funnel, before: Funnel | None) -> list[Alert]:
    found: list[Alert] = []
    for step in funnel.steps:
        now, then = share(funnel, step.step), share(before, step.step) if before else None
        if step.step != "drawn" and now is not None and then is not None and abs(now - then) > MOVED:
            found.append(Alert("moved", {"step": step.step, "now": now, "then": then}))
    return found


def _ends(funnel: Funnel) -> list[Alert]:
    found: list[Alert] = []
    if funnel.empty > EMPTY * funnel.quota:
        found.append(Alert("places_empty", {"n": funnel.empty, "share": funnel.empty / funnel.quota}))
    if (review := funnel.ends["review"]) and not small(review):
        found.append(Alert("review_open", {"n": review}))
    return found


def share(funnel: Funnel, step: str) -> float | None:
    """Passed of entered at a step; None where either is not shown or no application came so far."""
    for s in funnel.steps:
        if s.step == step:
            return s.passed / s.entered if s.passed is not None and s.entered else None
    return None
