"""Alarms of the six defects by group of people: photographs of groups.csv, one a person, that no classifier was trained
on (``dark``: scores of people held out; blur: LFW's people were, with other photographs or these).

``glasses`` and ``hat`` are judged by eye (``groups_by_eye.toml``): what is worn is no false alarm. Nobody labelled the
other four, so what is printed of them is how often they fire: an upper limit for false alarms.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.reasons import DEFECTS
from pipeline.domain.wilson import wilson
from tools.selfie.dataset import Example

BY_EYE = tomllib.loads(Path(__file__).with_name("groups_by_eye.toml").read_text(encoding="utf-8"))
AGES = ((17, 29), (30, 44), (45, 70))
_SEXES = {"L": "men", "P": "women"}
Key = Callable[[Example], str | None]


@dataclass(frozen=True)
class Alarms:
    """``fired`` of ``of`` photographs whose score is known and on which the defect is not known to be there."""

    fired: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson(self.fired, self.of)

    def __str__(self) -> str:
        if not self.of:
            return "not known"
        low, high = self.interval
        return f"{self.fired / self.of:.1%} ({low:.1%} to {high:.1%}; {self.fired} of {self.of})"


def alarms(
    people: Sequence[Example], scores: Mapping[str, Mapping[str, float | None]], code: str, point: float
) -> Alarms:
    """How often a defect is seen on these people without being there."""
    fired = of = 0
    judged = BY_EYE.get(code)
    for one in people:
        score = scores[one.path][code]
        if score is None:
            continue
        seen, name = score >= point, Path(one.path).stem
        if judged and seen and name not in judged["absent"]:
            continue  # worn, or nobody can say
        fired += seen
        of += 1
    return Alarms(fired, of)


def by(people: Sequence[Example], key: Key) -> Iterator[tuple[str, list[Example]]]:
    """People by a key, in its order; those without one are left out."""
    found: dict[str, list[Example]] = {}
    for one in people:
        if (name := key(one)) is not None:
            found.setdefault(name, []).append(one)
    yield from sorted(found.items())


def origin(one: Example) -> str:
    """Set and group."""
    return f"{one.collection} {one.group}"


def origin_and_sex(one: Example) -> str:
    """Set, group and sex."""
    return f"{origin(one)} {_SEXES[one.sex]}"


def sex(one: Example) -> str:
    """Set and sex."""
    return f"{one.collection} {_SEXES[one.sex]}"


def age(one: Example) -> str | None:
    """Age band of UTKFace's people."""
    return next((f"utk {low} to {high} years" for low, high in AGES if low <= one.age <= high), None)


def print_all(
    people: Sequence[Example], scores: Mapping[str, Mapping[str, float | None]], points: Mapping[str, float]
) -> None:
    """Every defect by group and sex, by group, by sex and by age band."""
    for code in DEFECTS:
        judged = BY_EYE.get(code)
        print(f"\n{code}: {'false alarms, by eye' if judged else 'fires'}", end="")
        if judged:
            seen = sum((scores[one.path][code] or 0) >= points[code] for one in people)
            print(f" (seen on {seen}, looked at {judged['looked_at']})", end="")
        for key in (origin_and_sex, origin, sex, age):
            for name, mine in by(people, key):
                print(f"\n  {name}: {alarms(mine, scores, code, points[code])}", end="")
