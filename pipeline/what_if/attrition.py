"""Attrition rule by rule: how many each rule refuses, how many only this rule refuses, how many are left. Small counts
are hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.reports.small_cells.suppress import Chain, hide
from pipeline.what_if.crowd import Counted, Crowd
from pipeline.what_if.question import Question, Terms, bit_of


@dataclass(frozen=True)
class RuleLine:
    """A rule, in the order of the catalogue. ``left_run`` and ``left_asked``: applications left after it.

    None is a figure that is not shown, or a rule that is not among those terms (``in_run`` or ``in_asked`` is false).
    """

    code: str
    in_run: bool
    in_asked: bool
    refused: int | None
    alone: int | None
    left_run: int | None
    left_asked: int | None


def attrition(question: Question, counted: Counted) -> list[RuleLine]:
    """One line a rule of either terms."""
    codes = sorted({*question.as_run.rules, *question.asked.rules}, key=bit_of)
    together = sum(bit_of(code) for code in codes)
    refused = {code: sum(n for mask, n in counted.masks.items() if mask & bit_of(code)) for code in codes}
    alone = {code: sum(n for mask, n in counted.masks.items() if mask & together == bit_of(code)) for code in codes}
    for code in {"kk_limit"} & set(codes):  # the draw decides which people it refuses, never how many
        terms = question.as_run if code in question.as_run.rules else question.asked
        crowd = counted.as_run if terms is question.as_run else counted.asked
        refused[code] = alone[code] = _beyond(terms, crowd, counted)
    left_run = _left(question.as_run, counted.as_run, counted)
    left_asked = _left(question.asked, counted.asked, counted)
    shown, shown_alone = hide(refused), hide(alone)
    return [
        RuleLine(
            code,
            code in question.as_run.rules,
            code in question.asked.rules,
            shown[code],
            shown_alone[code],
            left_run.get(code),
            left_asked.get(code),
        )
        for code in codes
    ]


def _beyond(terms: Terms, crowd: Crowd, counted: Counted) -> int:
    """Members of family cards beyond the limit."""
    if not counted.families_known:
        return sum(n for mask, n in counted.masks.items() if mask & bit_of("kk_limit") and not mask & terms.mask)
    return len(crowd.cell) - int(crowd.places.sum())


def _left(terms: Terms, crowd: Crowd, counted: Counted) -> Mapping[str, int | None]:
    """How many are left after each rule and all before it."""
    gone: dict[str, int] = {}
    before = 0
    for code in terms.rules:
        if code == "kk_limit":
            gone[code] = _beyond(terms, crowd, counted)
            continue
        gone[code] = sum(n for mask, n in counted.masks.items() if mask & bit_of(code) and not mask & before)
        before |= bit_of(code)
    total = sum(counted.masks.values())
    chain = Chain({**gone, "left": total - sum(gone.values())})
    names = [*gone, "left"]
    return {code: chain.sum(names[n + 1 :]) for n, code in enumerate(gone)}
