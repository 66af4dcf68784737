"""The rulebook: which rules there are, and which were in force for a wave. Reads ``rules.toml`` and nothing else."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import values


@dataclass(frozen=True)
class Rule:
    """One rule of layers 1 to 3; ``predicate`` is SQL that is true when its reason (or warning) holds."""

    code: str
    predicate: str
    register: bool = False
    source: str = ""
    starts: date | None = None
    ends: date | None = None
    warns: bool = False

    def in_force(self, day: date) -> bool:
        """Whether the rule counts for a wave that closes on this day."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)

    @property
    def layer(self) -> str:
        """The layer of the rule's reason; warnings have none."""
        return "" if self.warns else reasons.catalogue()[self.code].layer


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.screening") / "rules.toml").read_text(encoding="utf-8"))


def _rules(kind: str) -> list[Rule]:
    names = {"from": "starts", "until": "ends"}
    return [Rule(**{names.get(k, k): v for k, v in row.items()}) for row in _raw()[kind]]


def all_rules() -> list[Rule]:
    """Every rule, in catalogue order."""
    return sorted(_rules("rule"), key=lambda rule: reasons.catalogue()[rule.code].order)


def rules_in_force(wave: Wave) -> list[Rule]:
    """The rules by which a wave is judged: those in force on its closing day."""
    return [rule for rule in all_rules() if rule.in_force(wave.closing_day)]


def warnings() -> list[Rule]:
    """The rules whose warnings are reported and never decide."""
    return [replace(rule, warns=True) for rule in _rules("warning")]


def warning_codes() -> tuple[str, ...]:
    """The warnings' codes, in the order of their bits."""
    return tuple(rule.code for rule in warnings())


def recipients_per_kk() -> int:
    """How many recipients a family card may have where ``kk_limit`` is in force."""
    return int(_raw()["limits"]["recipients_per_kk"])


def lists() -> dict[str, list[str]]:
    """The lists that predicates name as ``$list``."""
    return dict(_raw()["lists"])


def words() -> dict[str, list[str]]:
    """The words of the registers that the rules understand: the contract's closed lists, and those
    of ``rules.toml``."""
    closed = {
        "citizenship": values.CITIZENSHIPS,
        "education_register": values.SCHOOL_REGISTERS,
        "education_status": values.SCHOOL_STATUSES,
        "bansos_status": values.AID_STATUSES,
    }
    return {name: list(allowed) for name, allowed in closed.items()} | dict(_raw()["words"])
