"""Thresholds from labelled pairs, set by the group that fares worst. Pure arithmetic on distances.

An average over everybody hides a group in which strangers pass: version 0.2.0 had 354 false matches in 1,000 among
Asian men and 3 in 1,000 among others. So pairs are judged within their group (people of one sex and origin), and
every group must keep the limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError
from pipeline.domain.wilson import wilson

Floats = NDArray[np.float64]

#: Name of the only group where the pairs have no groups.
UNGROUPED = "all pairs"
#: Fewest pairs of each kind, over all groups, from which thresholds are proposed.
FEWEST = 10
#: The upper 95 % limit of a group's false matches is at most this many times the rate that is allowed.
UPPER = 2.0
#: A genuine pair is rejected (neither match nor doubt) at most this often in every group …
REJECTED = 1 / 200
#: … unless a larger share of some group's impostor pairs would then be in doubt: each costs an officer's time.
IN_DOUBT = 0.02


@dataclass(frozen=True)
class LabelledPairs:
    """Distances of one group's pairs, by kind; infinite where no comparison was possible."""

    group: str
    genuine: Floats
    impostor: Floats


@dataclass(frozen=True)
class Share:
    """A count, of how many, and the share with Wilson's 95 % interval."""

    count: int
    of: int
    share: float
    low: float
    high: float

    @classmethod
    def make(cls, hits: NDArray[np.bool_]) -> Share:
        """The share of hits; 0 with the interval 0–1 where there is nothing."""
        count, of = int(hits.sum()), len(hits)
        return cls(count, of, count / of if of else 0.0, *wilson(count, of))

    def __str__(self) -> str:
        if not self.of:
            return "no pairs"
        return f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%}; {self.count} of {self.of})"


@dataclass(frozen=True)
class GroupRates:
    """How often the thresholds err in one group."""

    group: str
    false_matches: Share
    not_matched: Share
    rejected: Share
    impostors_in_doubt: Share
    curve: list[tuple[float, float]] = field(repr=False, default_factory=list)


@dataclass(frozen=True)
class CalibrationResult:
    """Distances below ``match`` are a match, below ``doubt`` a doubt. ``worst`` is the group that sets ``match``;
    ``too_few`` names groups with too few impostor pairs to show that they keep the limit."""

    match: float
    doubt: float
    midpoint: float
    slope: float
    auc: float
    not_compared: int
    worst: str
    grouped: bool
    too_few: tuple[str, ...]
    overall: GroupRates
    groups: tuple[GroupRates, ...]


def auc(genuine: Floats, impostor: Floats) -> float:
    """Chance that a genuine pair is closer than an impostor pair; ties count half."""
    order = np.sort(impostor)
    wins = len(order) - np.searchsorted(order, genuine, side="right")
    ties = np.searchsorted(order, genuine, side="right") - np.searchsorted(order, genuine, side="left")
    return float((wins + ties / 2).mean() / len(order))


def by_group(
    distances: Sequence[float | None], same: Sequence[bool], groups: Sequence[str] | None
) -> list[LabelledPairs]:
    """The pairs of every group, in the order of the groups' names."""
    values = np.array([np.inf if each is None else each for each in distances], np.float64)
    kind = np.array(same, bool)
    names = np.array(groups if groups is not None else [UNGROUPED] * len(values))
    return [
        LabelledPairs(str(name), values[(names == name) & kind], values[(names == name) & ~kind])
        for name in np.unique(names)
    ]


def calibrate(
    pairs: Sequence[LabelledPairs], fmr: float, limits: Mapping[str, float] | None = None
) -> CalibrationResult:
    """Thresholds at which every group's false matches are at most ``fmr``, or the group's own of ``limits``.

    Raises BadSettingError where there are too few pairs of a kind that could be compared.
    """
    genuine = np.concatenate([each.genuine for each in pairs])
    impostor = np.concatenate([each.impostor for each in pairs])
    compared = genuine[np.isfinite(genuine)], impostor[np.isfinite(impostor)]
    if min(map(len, compared)) < FEWEST:
        raise BadSettingError("Fewer than ten pairs of a kind could be compared.", "Label more pairs, or clearer ones.")
    allowed = {each.group: (limits or {}).get(each.group, fmr) for each in pairs if len(each.impostor)}
    reach = {each.group: _reach(each.impostor, allowed[each.group]) for each in pairs if len(each.impostor)}
    worst = min(reach, key=lambda group: reach[group])
    match = _down(reach[worst])
    doubt = max(match, min(_needed(pairs), _affordable(pairs, match)))
    midpoint, slope = _logistic(*compared)
    return CalibrationResult(
        match=match,
        doubt=doubt,
        midpoint=midpoint,
        slope=slope,
        auc=auc(*compared),
        not_compared=len(genuine) + len(impostor) - sum(map(len, compared)),
        worst=worst,
        grouped=[each.group for each in pairs] != [UNGROUPED],
        too_few=tuple(
            each.group
            for each in pairs
            if each.group not in allowed or _too_small(len(each.impostor), allowed[each.group])
        ),
        overall=rates(LabelledPairs("all groups", genuine, impostor), match, doubt),
        groups=tuple(rates(each, match, doubt) for each in pairs),
    )


def rates(pairs: LabelledPairs, match: float, doubt: float) -> GroupRates:
    """The error rates of one group's pairs at two thresholds."""
    finite = np.concatenate([pairs.genuine, pairs.impostor])
    finite = finite[np.isfinite(finite)]
    steps = np.quantile(finite, np.linspace(0, 1, 400)) if len(finite) else np.empty(0)
    both = len(pairs.genuine) and len(pairs.impostor)
    return GroupRates(
        pairs.group,
        Share.make(pairs.impostor < match),
        Share.make(pairs.genuine >= match),
        Share.make(pairs.genuine >= doubt),
        Share.make((pairs.impostor >= match) & (pairs.impostor < doubt)),
        [(float((pairs.impostor < t).mean()), float((pairs.genuine >= t).mean())) for t in steps] if both else [],
    )


def _reach(impostor: Floats, allowed: float) -> float:
    """The distance below which a group's false matches keep the limit.

    A large group keeps the allowed share, and the share's upper limit keeps ``UPPER`` times that. A small group cannot
    show either, and one wrong label among its pairs must not decide for everybody: it keeps the limit as long as its
    false matches do not show the contrary (the lower limit of their share is at most what is allowed).
    """
    order, size = np.sort(impostor), len(impostor)
    if _too_small(size, allowed):
        count = max(n for n in range(size) if n == 0 or wilson(n, size)[0] <= allowed)
    else:
        count = int(np.floor(allowed * size))
        while count and wilson(count, size)[1] > UPPER * allowed:
            count -= 1
    return float(order[count])


def _too_small(size: int, allowed: float) -> bool:
    """Whether even no false match among so many pairs leaves the limit unproven."""
    return wilson(0, size)[1] > UPPER * allowed


def _needed(pairs: Sequence[LabelledPairs]) -> float:
    """The distance below which all but ``REJECTED`` of the genuine pairs lie, in every group that is large enough to
    say so."""
    found = []
    for each in pairs:
        compared = np.sort(each.genuine[np.isfinite(each.genuine)])
        if len(compared) >= 1 / REJECTED:
            found.append(_up(float(compared[int(np.ceil((1 - REJECTED) * len(compared))) - 1])))
    return max(found, default=0.0)


def _affordable(pairs: Sequence[LabelledPairs], match: float) -> float:
    """The distance between which and ``match`` at most ``IN_DOUBT`` of any group's impostor pairs lie."""
    found = [np.inf]
    for each in pairs:
        if len(each.impostor) >= 1 / IN_DOUBT:
            beyond = np.sort(each.impostor[each.impostor >= match])
            found.append(float(beyond[min(int(np.floor(IN_DOUBT * len(each.impostor))), len(beyond) - 1)]))
    return _down(min(found))


def _logistic(genuine: Floats, impostor: Floats) -> tuple[float, float]:
    """Midpoint and slope of the similarity, both kinds weighing the same."""
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate([genuine, impostor])[:, None]
    y = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    fit = LogisticRegression(C=1e3, class_weight="balanced").fit(x, y)
    slope = float(-fit.coef_[0, 0])
    return round(float(fit.intercept_[0]) / slope, 4), round(slope, 3)


def _down(distance: float) -> float:
    return float(np.floor(distance * 1e4) / 1e4) if np.isfinite(distance) else distance


def _up(distance: float) -> float:
    return float(np.ceil(distance * 1e4) / 1e4)
