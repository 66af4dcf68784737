"""The funnel of a wave: how many came to each step, left there, and went on (``out/funnel.json``).

Counts only ``decisions.parquet``, so anyone can repeat it from the published file.
"""

from __future__ import annotations

from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.calendar_tables import SelfieMode
from pipeline.domain.contracts import OUTCOMES
from pipeline.reports.figures.query import Query, decisions
from pipeline.storage.files import write_json
from pipeline.storage.paths import Store

#: Steps before the draw, in the programme's order; the e-mail comes first: people drop out there by the million.
SCREENED = ("email", "registration", "identity", "education", "bansos", "exclusion")
_EMAIL = frozenset({"email_unverified"})
#: Reasons that a person decides about among those who would be placed: they belong to the last step.
_PLACED = ("shared_nik",)


def steps_of(selfie: SelfieMode) -> tuple[str, ...]:
    """The wave's steps in order. The wave's policy decides where the selfie comes, and whether it comes at all."""
    last = {"after_draw": ("drawn", "selfie"), "before_draw": ("selfie", "drawn"), "off": ("drawn",)}
    return (*SCREENED, *last[selfie])


def codes_of(step: str) -> tuple[str, ...]:
    """The reasons that belong to a step, in catalogue order."""
    if step == "drawn":
        return _PLACED  # where the wave has no selfies, or the draw comes last
    if step == "selfie":
        return (*_PLACED, *reasons.codes(step))
    if step == "email":
        return tuple(_EMAIL)
    return tuple(code for code in reasons.codes(step) if code not in (*_EMAIL, *_PLACED))


def count_funnel(query: Query, wave: Wave) -> dict[str, Any]:
    """``funnel.json`` (docs/reference/contract.md): each step with the ``outcomes`` of those who left; all ``ends``."""
    steps = steps_of(wave.selfie)
    left: dict[str, dict[str, int]] = {step: {} for step in (*steps, "accepted")}
    for row in query.rows("funnel_outcomes"):
        # a reviewer may have looked at a picture in a wave without the check: it leaves at the step of the draw
        step = row["step"] if row["step"] in left else "drawn"
        left[step][row["outcome"]] = left[step].get(row["outcome"], 0) + row["n"]
    by_reason: dict[str, dict[str, int]] = {step: {} for step in steps}
    for row in query.rows("funnel_reasons"):
        step = row["step"] if row["step"] in by_reason else "drawn"
        if row["code"] in codes_of(step):
            by_reason[step][row["code"]] = by_reason[step].get(row["code"], 0) + row["n"]
    entered = registrations = sum(sum(outcomes.values()) for outcomes in left.values())
    table: list[dict[str, Any]] = []
    for step in steps:
        gone = sum(left[step].values())
        table.append(
            {
                "step": step,
                "entered": entered,
                "left": gone,
                "passed": entered - gone,
                "by_reason": {code: by_reason[step][code] for code in codes_of(step) if code in by_reason[step]},
                "outcomes": {o: left[step][o] for o in OUTCOMES if o in left[step]},
            }
        )
        entered -= gone
    ends = {o: sum(outcomes.get(o, 0) for outcomes in left.values()) for o in OUTCOMES}
    return {
        "wave": wave.number,
        "quota": wave.quota,
        "registrations": registrations,
        "selfie": wave.selfie,
        "steps": table,
        "ends": ends,
    }


def write_funnel(store: Store, wave: Wave) -> dict[str, Any]:
    """Counts ``out/decisions.parquet`` of a run and writes ``out/funnel.json``. Raises WaveNotRunError."""
    out = store.work(wave) / "out"
    with decisions(out / "decisions.parquet", store.work(wave)) as query:
        funnel = count_funnel(query, wave)
    write_json(funnel, out / "funnel.json")
    return funnel
