"""The funnel as it may be shown: the counts of ``funnel.json`` with small ones merged (``suppress.py``).

Every reader but the operator reads this: the report, the spreadsheet, the overview, the approval form and the public
``funnel.json``. It depends on what was shown before (``releases.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.releases import Released, Table
from pipeline.reports.small_cells.suppress import Chain, hide
from pipeline.storage.files import read_json

_BEFORE_DRAW = frozenset({"email", "registration", "identity", "education", "bansos", "exclusion"})
_PUBLIC = "accepted:accepted"


@dataclass(frozen=True)
class Step:
    """One step; None is a figure that is not shown."""

    step: str
    entered: int | None
    left: int | None
    passed: int | None
    by_reason: dict[str, int | None]


@dataclass(frozen=True)
class Funnel:
    """A wave's funnel as it may be shown; ``parts`` are the cells that are only shown together."""

    wave: int
    quota: int
    registrations: int
    steps: list[Step]
    ends: dict[str, int | None]
    parts: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Places filled: public, as the cohort is."""
        return self.ends["accepted"] or 0

    @property
    def empty(self) -> int:
        """Places not filled; anyone can compute them."""
        return max(self.quota - self.accepted, 0)

    def passed(self, step: str) -> int | None:
        """How many passed a step; None where it is not shown or the wave had no such step."""
        return next((s.passed for s in self.steps if s.step == step), None)

    def rows(self) -> list[tuple[str, int | None, int | None]]:
        """(step, passed, left) from ``registered`` to ``accepted``."""
        steps = [(s.step, s.passed, s.left) for s in self.steps]
        return [("registered", self.registrations, 0), *steps, ("accepted", self.accepted, 0)]

    def public(self) -> dict[str, Any]:
        """The public ``funnel.json``: the form of the operator's, null where a figure is not shown."""
        plain = asdict(self)
        return {key: plain[key] for key in ("wave", "quota", "registrations", "steps", "ends")}


def published(funnel: dict[str, Any], before: Released | None = None) -> Funnel:
    """What may be shown of a ``funnel.json`` after what was released ``before``."""
    before = before or Released()
    chain = _chain(funnel, before)
    names = [name for part in chain.parts for name in part]
    total = funnel["registrations"]
    gone: list[str] = []
    steps: list[Step] = []
    passed: int | None = total
    for step in funnel["steps"]:
        code = step["step"]
        own = [name for name in names if name.partition(":")[0] == code]
        gone += own
        entered, left, out = passed, chain.sum(own), chain.sum(gone)
        passed = None if out is None else total - out
        earlier, hidden = before.reasons_of(code), before.hidden.get(code, ())
        counts = {**{name: 0 for old in earlier for name in old}, **step["by_reason"]} if earlier else step["by_reason"]
        reasons = hide(counts, earlier, hidden) if left is not None else dict.fromkeys(counts)
        steps.append(Step(code, entered, left, passed, reasons))
    ends = {o: chain.sum(name for name in names if name.endswith(f":{o}")) for o in funnel["ends"]}
    shown = {**ends, "accepted": funnel["ends"]["accepted"]}
    return Funnel(funnel["wave"], funnel["quota"], total, steps, shown, chain.parts)


def note_release(
    folder: Path, funnel: dict[str, Any], shown: Funnel, before: Released, tables: Mapping[str, Table] | None = None
) -> None:
    """Notes what is shown of a funnel and of the tables with it, for the releases to come."""
    release = Released(
        cells=[cells_of(funnel)],
        parts=[list(part) for part in shown.parts if len(part) > 1],
        reasons=[{step["step"]: dict(step["by_reason"]) for step in funnel["steps"]}],
        hidden={step.step: [code for code, n in step.by_reason.items() if n is None] for step in shown.steps},
        tables={name: [table] for name, table in (tables or {}).items()},
    )
    releases.write(folder, before, release)


def shown_of(folder: Path) -> Funnel:
    """The funnel of a finished wave's folder, as its report shows it."""
    return published(read_json(folder / "funnel.json"), releases.read([folder]))


def cells_of(funnel: dict[str, Any]) -> dict[str, int]:
    """Everybody, by the step and the outcome they left with, in order."""
    cells = {f"{s['step']}:{outcome}": n for s in funnel["steps"] for outcome, n in s["outcomes"].items()}
    return {**cells, _PUBLIC: funnel["ends"]["accepted"]}


def _chain(funnel: dict[str, Any], before: Released) -> Chain:
    counts = cells_of(funnel)
    known = {name for earlier in before.cells for name in earlier} | set(counts)
    order = [f"{step['step']}:{outcome}" for step in funnel["steps"] for outcome in funnel["ends"]]
    counts = {name: counts.get(name, 0) for name in (*order, _PUBLIC) if name in known}
    early = frozenset(name for name in counts if name.partition(":")[0] in _BEFORE_DRAW)
    late = frozenset(counts) - early - {_PUBLIC}
    return Chain(counts, [early, late], frozenset({_PUBLIC}), before.cells, before.parts)
