"""The funnel as it may be shown: the counts of ``funnel.json`` with small ones merged (``suppress.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.reports.small_cells.suppress import Chain, hide

_BEFORE_DRAW = frozenset({"email", "registration", "identity", "education", "bansos", "exclusion"})


@dataclass(frozen=True)
class Step:
    """One step; None stands for a figure that is not shown."""

    step: str
    entered: int | None
    left: int | None
    passed: int | None
    by_reason: dict[str, int | None]


@dataclass(frozen=True)
class Funnel:
    """A wave's funnel as it may be shown."""

    wave: int
    quota: int
    registrations: int
    steps: list[Step]
    ends: dict[str, int | None]

    @property
    def accepted(self) -> int:
        """Places filled: public, as the cohort is."""
        return self.ends["accepted"] or 0

    @property
    def empty(self) -> int:
        """Places not filled, which anyone can compute."""
        return max(self.quota - self.accepted, 0)

    def passed(self, step: str) -> int | None:
        """How many passed a step; None where it is not shown or the wave had no such step."""
        return next((s.passed for s in self.steps if s.step == step), None)

    def rows(self) -> list[tuple[str, int | None, int | None]]:
        """(step, passed, left) from ``registered`` to ``accepted``."""
        steps = [(s.step, s.passed, s.left) for s in self.steps]
        return [("registered", self.registrations, 0), *steps, ("accepted", self.accepted, 0)]


def published(funnel: dict[str, Any]) -> Funnel:
    """What may be shown of a ``funnel.json``."""
    chain = _chain(funnel)
    names = [name for part in chain.parts for name in part]
    total = funnel["registrations"]
    gone: list[str] = []
    steps: list[Step] = []
    passed: int | None = total
    for step in funnel["steps"]:
        own = [name for name in names if name.partition(":")[0] == step["step"]]
        gone += own
        entered, left, out = passed, chain.sum(own), chain.sum(gone)
        passed = None if out is None else total - out
        reasons = hide(step["by_reason"]) if left is not None else dict.fromkeys(step["by_reason"])
        steps.append(Step(step["step"], entered, left, passed, reasons))
    ends = {o: chain.sum(name for name in names if name.endswith(f":{o}")) for o in funnel["ends"]}
    return Funnel(funnel["wave"], funnel["quota"], total, steps, {**ends, "accepted": funnel["ends"]["accepted"]})


def _chain(funnel: dict[str, Any]) -> Chain:
    """Everybody, by the step and the outcome they left with, in order."""
    counts = {f"{s['step']}:{outcome}": n for s in funnel["steps"] for outcome, n in s["outcomes"].items()}
    counts["accepted:accepted"] = funnel["ends"]["accepted"]
    early = frozenset(name for name in counts if name.partition(":")[0] in _BEFORE_DRAW)
    late = frozenset(counts) - early - {"accepted:accepted"}
    return Chain(counts, [early, late], public=frozenset({"accepted:accepted"}))
