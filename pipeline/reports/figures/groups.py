"""How groups of applicants fared: sex, age, province, tier. Counts by group, small ones merged, with pass rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.reports.figures.fairness import Rate, rates
from pipeline.reports.small_cells.suppress import Row, merge, small

#: What a row of ``group_counts`` adds up from, in order.
PARTS = ("screened_out", "waiting", "photo_failed", "passed_waiting", "placed", "placed_unverified")
#: Provinces are many and some small: of them only these three are shown, sums of the above.
COARSE = (("screened_out",), ("waiting", "photo_failed", "passed_waiting"), ("placed", "placed_unverified"))
ORDER = {
    "sex": ("P", "L", "unknown"),
    "age": ("under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_up", "unknown"),
    "tier": ("priority", "public"),
}
#: Nobody among them can pass, by rule: they are no group to compare.
NOT_COMPARED = frozenset({"under_18", "unknown"})


@dataclass(frozen=True)
class Group:
    """A group (or several merged ones) and how it fared; rates are None where there is nobody to count."""

    keys: tuple[str, ...]
    applications: int
    eligible: int
    accepted: int | None
    verified: int | None
    photo_passed: int | None
    eligibility: Rate | None
    photo: Rate | None


def table(rows: Sequence[dict[str, Any]], by: str) -> list[Group] | None:
    """The groups of one kind (``sex``, ``age``, ``tier``); None where small counts forbid any division."""
    sums = _sums(rows, by, [(part,) for part in PARTS])
    keys = [key for key in ORDER[by] if key in sums]
    merged = merge([Row((key,), sums[key]) for key in keys], in_order=by == "age", apart=NOT_COMPARED)
    return None if merged is None else _with_rates(merged, photo=True)


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
    return [g if g.keys in shown else replace(g, accepted=None) for g in _with_rates(full, photo=False)]


def _sums(rows: Sequence[dict[str, Any]], by: str, parts: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    sums: dict[str, list[int]] = {}
    for row in rows:
        counts = sums.setdefault(row[by], [0] * len(parts))
        for i, names in enumerate(parts):
            counts[i] += sum(row[name] for name in names)
    return {key: tuple(counts) for key, counts in sums.items()}


def _with_rates(rows: Sequence[Row], *, photo: bool) -> list[Group]:
    compared = [row for row in rows if not NOT_COMPARED.issuperset(row.keys)]
    eligibility = dict(
        zip(compared, rates([(row.total - row.counts[0], row.total) for row in compared]), strict=True),
    )
    photographs = dict(
        zip(compared, rates([(_passed(row), _verified(row)) for row in compared]) if photo else [None] * len(compared),
            strict=True),
    )  # fmt: skip
    return [
        Group(
            keys=row.keys,
            applications=row.total,
            eligible=row.total - row.counts[0],
            accepted=sum(row.counts[-2:]) if photo else row.counts[-1],
            verified=_verified(row) if photo else None,
            photo_passed=_passed(row) if photo else None,
            eligibility=eligibility.get(row),
            photo=photographs.get(row),
        )
        for row in rows
    ]


def _passed(row: Row) -> int:
    return sum(row.counts[3:5])


def _verified(row: Row) -> int:
    return sum(row.counts[2:5])
