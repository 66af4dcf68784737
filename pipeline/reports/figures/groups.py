"""How groups of applicants fared: sex, age, province, tier. Counts by group, small ones merged, with pass rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.reports.figures.fairness import Rate, rates
from pipeline.reports.small_cells.suppress import Row, merge, small

_BEFORE_PHOTO = ("screened_out", "waiting")
#: Failed because of the photograph: divided where the counts are large enough, else one part.
_REVIEW, _REFUSED = "review", ("photo_again", "photo_refused")
_FAILED = (_REVIEW, *_REFUSED)
_PASSED = ("passed_waiting", "placed")
_UNVERIFIED = ("placed_unverified",)
#: The parts of a row of ``group_counts``, in order.
PARTS = (*_BEFORE_PHOTO, *_FAILED, *_PASSED, *_UNVERIFIED)
_WHOLE = (*((part,) for part in _BEFORE_PHOTO), _FAILED, *((part,) for part in (*_PASSED, *_UNVERIFIED)))
#: Provinces are many and some small: of them only these three are shown, sums of the above.
COARSE = (("screened_out",), ("waiting", *_FAILED, "passed_waiting"), ("placed", "placed_unverified"))
ORDER = {
    "sex": ("P", "L", "unknown"),
    "age": ("under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_up", "unknown"),
    "tier": ("priority", "public"),
}
Parts = Sequence[tuple[str, ...]]
#: By rule none of them can pass: they are not a group to compare.
NOT_COMPARED = frozenset({"under_18", "unknown"})


@dataclass(frozen=True)
class Photographs:
    """How the photographs of a group fared, of all that were looked at: shares sent to a reviewer, refused, and of the
    refused those who may send the photograph alone again."""

    review: Rate
    refused: Rate
    again: Rate


@dataclass(frozen=True)
class Group:
    """A group (or several merged ones) and how it fared; rates are None where there are no people to count,
    ``photographs`` also where a count is too small to be shown."""

    keys: tuple[str, ...]
    applications: int
    eligible: int
    accepted: int | None
    verified: int | None
    photo_passed: int | None
    eligibility: Rate | None
    photo: Rate | None
    photographs: Photographs | None = None


def table(rows: Sequence[dict[str, Any]], by: str) -> list[Group] | None:
    """The groups of one kind (``sex``, ``age``, ``tier``); None where small counts forbid any division.

    Sexes and ages are divided by what became of their photographs as well; where that would leave no table, they are
    not.
    """
    finest = [tuple((part,) for part in PARTS)] if by != "tier" else []
    for parts in [*finest, _WHOLE]:
        sums = _sums(rows, by, parts)
        keys = [key for key in ORDER[by] if key in sums]
        merged = merge([Row((key,), sums[key]) for key in keys], in_order=by == "age", apart=NOT_COMPARED)
        if merged is not None:
            return _with_rates(merged, parts)
    return None


def provinces(rows: Sequence[dict[str, Any]]) -> list[Group] | None:
    """The provinces from the most applications to the fewest, those with small counts merged at the end.

    Where only the accepted are few, the province keeps its row and hides them alone: the provinces that hide theirs
    are merged among themselves, so that what can be had from the total is the sum of several. None where small counts
    forbid any division.
    """
    sums = _sums(rows, "province", COARSE)
    if small(sum(in_ for _, in_, _ in sums.values())):  # the eligible of all rows less the cohort, whose size is public
        return None
    screened = merge([Row((k,), (out, in_ + placed)) for k, (out, in_, placed) in sorted(sums.items())], in_order=False)
    if screened is None:
        return None
    full = [Row(row.keys, tuple(sum(sums[key][i] for key in row.keys) for i in range(3))) for row in screened]
    shown = {row.keys for row in merge(full, in_order=False) or []}
    full.sort(key=lambda row: (len(row.keys) > 1, -row.total, row.keys))
    return [g if g.keys in shown else replace(g, accepted=None) for g in _with_rates(full, COARSE)]


def _sums(rows: Sequence[dict[str, Any]], by: str, parts: Parts) -> dict[str, tuple[int, ...]]:
    sums: dict[str, list[int]] = {}
    for row in rows:
        counts = sums.setdefault(row[by], [0] * len(parts))
        for i, names in enumerate(parts):
            counts[i] += sum(row[name] for name in names)
    return {key: tuple(counts) for key, counts in sums.items()}


def _with_rates(rows: Sequence[Row], parts: Parts) -> list[Group]:
    compared = [row for row in rows if not NOT_COMPARED.issuperset(row.keys)]

    def of(row: Row, *names: str) -> int:
        return sum(n for part, n in zip(parts, row.counts, strict=True) if set(part) <= set(names))

    def verified(row: Row) -> int:
        return of(row, *_FAILED, *_PASSED)

    def shares(*names: str) -> dict[Row, Rate | None]:
        return dict(zip(compared, rates([(of(row, *names), verified(row)) for row in compared]), strict=True))

    eligible = {row: row.total - of(row, "screened_out") for row in rows}
    eligibility = dict(zip(compared, rates([(eligible[row], row.total) for row in compared]), strict=True))
    photo = shares("passed_waiting", "placed") if parts != COARSE else {}
    divided = (_REVIEW,) in parts
    failed = [shares(*names) if divided else {} for names in ((_REVIEW,), _REFUSED, ("photo_again",))]
    groups = []
    for row in rows:
        review, refused, again = (found.get(row) for found in failed)
        groups.append(
            Group(
                keys=row.keys,
                applications=row.total,
                eligible=eligible[row],
                accepted=of(row, "placed", "placed_unverified"),
                verified=verified(row) if parts != COARSE else None,
                photo_passed=of(row, "passed_waiting", "placed") if parts != COARSE else None,
                eligibility=eligibility.get(row),
                photo=photo.get(row),
                photographs=Photographs(review, refused, again) if review and refused and again else None,
            )
        )
    return groups
