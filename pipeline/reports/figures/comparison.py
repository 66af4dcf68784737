"""A wave compared with the wave before and the programme to date, from the funnels that earlier waves left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.calendar import Wave
from pipeline.reports.figures.alerts import share
from pipeline.reports.figures.funnel_steps import SCREENED
from pipeline.reports.small_cells.disclosure import Funnel, shown_of
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store

#: Rows of the comparison: shares of those who came to the step.
STEPS = (*SCREENED, "selfie")


@dataclass(frozen=True)
class Column:
    """One column: a wave, or everything to date (``waves`` of them)."""

    wave: int | None
    waves: int
    registrations: int
    accepted: int
    quota: int
    shares: dict[str, float | None]


def earlier(store: Store, wave: Wave) -> list[Funnel]:
    """What may be shown of every earlier wave that has outputs, in order."""
    found = []
    for path in store.outputs("funnel.json"):
        if read_json(path)["wave"] < wave.number:
            found.append(shown_of(path.parent))
    return found


def columns(funnel: Funnel, before: Sequence[Funnel]) -> list[Column]:
    """This wave, the one before, and the sum of all; the first alone when there is no other."""
    if not before:
        return []
    return [_one(funnel), _one(before[-1]), _sum([*before, funnel])]


def _one(funnel: Funnel) -> Column:
    shares = {step: share(funnel, step) for step in STEPS}
    return Column(funnel.wave, 1, funnel.registrations, funnel.accepted, funnel.quota, shares)


def _sum(funnels: Sequence[Funnel]) -> Column:
    return Column(
        None,
        len(funnels),
        sum(f.registrations for f in funnels),
        sum(f.accepted for f in funnels),
        sum(f.quota for f in funnels),
        {step: _pooled(funnels, step) for step in STEPS},
    )


def _pooled(funnels: Sequence[Funnel], step: str) -> float | None:
    """Passed of entered over all waves that had the step and may show it."""
    steps = [s for f in funnels for s in f.steps if s.step == step and s.passed is not None and s.entered is not None]
    entered = sum(s.entered or 0 for s in steps)
    return sum(s.passed or 0 for s in steps) / entered if entered else None
