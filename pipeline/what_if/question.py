"""A question about a finished wave: another quota or share, rules left out or added, and how many seeds.

Reads the manifest of the wave and the rulebook; knows no table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadQuestionError
from pipeline.screening.rulebook import Rule, all_rules, warning_codes

#: Fewer are too few for bounds of 95 of 100; more do not change the answer.
SEEDS = range(20, 100_001)
#: Values of a wave that its manifest has under the same name.
AS_RUN = ("quota", "seed", "seed_source", "selfie", "policy", "refill", "priority_share")
#: A warning that has a meaning of its own in the decision.
_NO_RULE = frozenset({"shared_nik"})


@dataclass(frozen=True)
class Terms:
    """The terms that decide about places: the quota, the share kept for the listed, and the codes that refuse."""

    quota: int
    priority_share: float
    rules: tuple[str, ...]
    areas: tuple[tuple[str, float], ...] = ()

    @property
    def families(self) -> bool:
        """Whether a family card has a limit."""
        return "kk_limit" in self.rules

    @property
    def mask(self) -> int:
        """The bits of the codes that refuse on their own; a full family card is a matter of the draw."""
        return sum(bit_of(code) for code in self.rules if code != "kk_limit")


@dataclass(frozen=True)
class Question:
    """The terms of the wave as it was run, and those that are asked about."""

    wave: Wave
    as_run: Terms
    asked: Terms
    seeds: int
    without: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    again: tuple[Rule, ...] = field(default=())

    @property
    def same(self) -> bool:
        """Whether only other seeds are asked about."""
        return self.as_run == self.asked


def bit_of(code: str) -> int:
    """The bit of a reason. Warnings that are treated as reasons follow after them."""
    codes = reasons.codes()
    return 1 << (codes.index(code) if code in codes else len(codes) + warning_codes().index(code))


def wave_as_run(manifest: dict[str, Any]) -> Wave:
    """The wave as its manifest has it."""
    opens, closes = (datetime.fromisoformat(manifest[key]) for key in ("opens", "closes"))
    found = Wave(manifest["wave"], opens, closes, **{key: manifest[key] for key in AS_RUN})
    areas = tuple((code, share) for code, share in manifest.get("areas", ()))
    return replace(found, beacon=manifest.get("beacon", ""), areas=areas)


def _need_known_regencies(wave: Wave, areas: Mapping[str, float]) -> None:
    """Raises BadQuestionError: a wave keeps of its people's regencies only those that its own calendar named."""
    if unknown := sorted(code for code in areas if len(code) == 4 and code not in wave.regencies):
        raise BadQuestionError(
            f"Wave {wave.number} did not keep who is of regency {unknown[0]}.",
            f"It knows {', '.join(wave.regencies) or 'no regency'}; ask about provinces, by two digits.",
        )
    if apart := sorted(code for code in wave.regencies if code[:2] in areas and code not in areas):
        raise BadQuestionError(
            f"In wave {wave.number} people of regency {apart[0]} were none of province {apart[0][:2]}.",
            f"Give both a share, or neither: --area {apart[0]}=….",
        )


def ask(
    manifest: dict[str, Any],
    *,
    quota: int | None = None,
    without: Sequence[str] = (),
    added: Sequence[str] = (),
    priority_share: float | None = None,
    areas: Mapping[str, float] | None = None,
    seeds: int = 1000,
) -> Question:
    """Makes the question. ``areas``: shares of the quota by province or regency, none to be without; None: as the wave
    had them.

    Raises BadQuestionError for terms that no wave can have.
    """
    wave, rules = wave_as_run(manifest), [rule["code"] for rule in manifest["rules"]]
    if quota is not None and quota < 1:
        raise BadQuestionError(f"A quota of {quota} gives nobody a place.", "Ask for a quota of at least 1.")
    if priority_share is not None and not 0 <= priority_share <= 1:
        raise BadQuestionError(f"A priority share of {priority_share} is not between 0 and 1.", "0.2 is a fifth.")
    if areas and (sum(Fraction(str(s)) for s in areas.values()) > 1 or not all(0 < s <= 1 for s in areas.values())):
        raise BadQuestionError("The shares of the areas are not above 0 and together at most 1.", "Try 31=0.2.")
    _need_known_regencies(wave, areas or {})
    if seeds not in SEEDS:
        raise BadQuestionError(f"{seeds} seeds are not {SEEDS[0]} to {SEEDS[-1]}.", "1000 is enough.")
    if unknown := sorted(set(without) - set(rules)):
        listed = ", ".join(rules)
        raise BadQuestionError(f"No rule {unknown[0]} was in force in wave {wave.number}.", f"In force were: {listed}.")
    known = {rule.code: rule for rule in all_rules()}
    warned = [code for code in warning_codes() if code not in _NO_RULE]
    for code in added:
        if code in rules:
            raise BadQuestionError(
                f"{code} was in force in wave {wave.number} already.", "Leave it out of the question."
            )
        if code not in known and code not in warned:
            others = ", ".join([*(c for c in known if c not in rules), *warned])
            raise BadQuestionError(f"There is no rule {code}.", f"Not in force, so to be tried: {others}.")
    left = [code for code in rules if code not in without]
    asked = Terms(
        wave.quota if quota is None else quota,
        wave.priority_share if priority_share is None else priority_share,
        (*left, *sorted(set(added), key=lambda code: bit_of(code))),
        wave.areas if areas is None else tuple(sorted(areas.items())),
    )
    again = tuple(known[code] for code in sorted(set(added)) if code in known)
    as_run = Terms(wave.quota, wave.priority_share, tuple(rules), wave.areas)
    return Question(wave, as_run, asked, seeds, tuple(without), tuple(added), again)
