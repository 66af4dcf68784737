"""Small cells: no figure of a report may describe fewer than five people, directly or as a difference of two figures.

Hiding single figures is not enough, because a reader could compute them. Figures are *merged* until every part has five
people or none, and only sums of whole parts are shown: whatever a reader subtracts, another sum of whole parts comes
out. The size of the cohort is public (its list is), so it is never hidden.

What was released before is remembered by its readers: a later release of the same figures joins whatever an earlier one
joined, and a figure that moved by fewer than five is a small cell too (``releases.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: The usual threshold of official statistics; a zero is about no person.
SMALL = 5


def small(n: int) -> bool:
    """Whether a count is about too few people."""
    return 0 < n < SMALL


class Chain:
    """Counts that add up to a total, in an order in which neighbours may be merged (the steps of a funnel).

    ``counts``: name → count, in order. ``phases``: names that may as well be merged with each other; a small count goes
    to a neighbour of its own phase where there is one. ``public``: names that are never merged. ``before``: the counts
    of earlier releases, of the same names; ``joined``: the parts that these showed.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        phases: Sequence[frozenset[str]] = (),
        public: frozenset[str] = frozenset(),
        before: Sequence[Mapping[str, int]] = (),
        joined: Sequence[Collection[str]] = (),
    ) -> None:
        self._counts = dict(counts)
        self._public = public
        self._phases = phases
        self._before = before
        self._parts = [[name] for name in counts]
        for part in joined:
            self._join(part)
        while (i := self._first_small()) is not None:
            other = self._neighbour(i, phases)
            if other is None:
                break
            low, high = sorted((i, other))
            self._parts[low : high + 1] = [self._parts[low] + self._parts[high]]

    @property
    def parts(self) -> list[tuple[str, ...]]:
        """The parts that may be shown, in order."""
        return [tuple(part) for part in self._parts]

    def sum(self, names: Iterable[str]) -> int | None:
        """The sum of these counts; None where it would cut through a part."""
        wanted = set(names)
        shown = [part for part in self._parts if wanted.issuperset(part)]
        if {name for part in shown for name in part} != wanted or any(self._is_small(part) for part in shown):
            return None
        return sum(self._counts[name] for name in wanted)

    def _size(self, part: list[str]) -> int:
        return sum(self._counts[name] for name in part)

    def _join(self, names: Collection[str]) -> None:
        places = [i for i, part in enumerate(self._parts) if not set(names).isdisjoint(part)]
        if places:
            low, high = places[0], places[-1] + 1
            self._parts[low:high] = [[name for part in self._parts[low:high] for name in part]]

    def _is_small(self, part: list[str]) -> bool:
        reveals = small(self._size(part)) or self._moved_by_few(part) or self._found_by_elimination(part)
        return reveals and not self._public.issuperset(part)

    def _moved_by_few(self, part: list[str]) -> bool:
        """Whether this release together with an earlier one would show something about few people. The size of a whole
        phase is public: the list of the draw is."""
        whole = [phase for phase in self._phases if phase.issubset(part)]
        if whole and frozenset().union(*whole).issuperset(part):
            return False
        size = self._size(part)
        return any(small(abs(size - sum(earlier.get(name, 0) for name in part))) for earlier in self._before)

    def _found_by_elimination(self, part: list[str]) -> bool:
        """Whether only one name was large enough for what this part has lost since an earlier release, and few are left
        of it: a reader who supposes a single change subtracts."""
        for earlier in self._before:
            lost = sum(earlier.get(name, 0) for name in part) - self._size(part)
            could = [n for name in part if (n := earlier.get(name, 0)) >= lost]
            if lost > 0 and len(could) == 1 and small(could[0] - lost):
                return True
        return False

    def _first_small(self) -> int | None:
        return next((i for i, part in enumerate(self._parts) if self._is_small(part)), None)

    def _neighbour(self, i: int, phases: Sequence[frozenset[str]]) -> int | None:
        near = [j for j in (i - 1, i + 1) if 0 <= j < len(self._parts) and not self._public.issuperset(self._parts[j])]
        same = [j for j in near if any(phase.issuperset(self._parts[i] + self._parts[j]) for phase in phases)]
        # an empty neighbour hides nothing: the merged part would still be the small count itself
        return min(
            same or near, key=lambda j: (self._size(self._parts[j]) == 0, self._size(self._parts[j])), default=None
        )


def running(counts: Sequence[tuple[int, ...]]) -> list[int | None]:
    """The sum of the first counts up to each place, None where it is not shown: where, since the last place that is,
    any of the counts adds up to fewer than five. What comes later changes nothing, so a longer list that is released
    later adds nothing about the places before.
    """
    found: list[int | None] = []
    total, since = 0, [0] * len(counts[0]) if counts else []
    for row in counts:
        since = [a + b for a, b in zip(since, row, strict=True)]
        if any(map(small, since)):
            found.append(None)
        else:
            total, since = total + since[0], [0] * len(row)
            found.append(total)
    return found


@dataclass(frozen=True)
class Row:
    """One row of a table: the groups in it (several once merged) and its counts, which add up to the row's total."""

    keys: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All people of the row."""
        return sum(self.counts)

    @property
    def small(self) -> bool:
        """Whether any count of it is too small to be shown."""
        return any(small(n) for n in self.counts)

    def __add__(self, other: Row) -> Row:
        return Row(self.keys + other.keys, tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))


def merge(rows: Sequence[Row], *, in_order: bool, apart: frozenset[str] = frozenset()) -> list[Row] | None:
    """Rows whose counts can all be shown; totals by column stay what they were. None: the table cannot be shown.

    In order (ages), a row is merged with a neighbour, with those named in ``apart`` only where there is no other;
    otherwise (provinces) all small rows become one, which takes in the next smallest rows until it can be shown.
    """
    rows = [row for row in rows if row.total]
    if not rows or any(small(sum(column)) for column in zip(*(row.counts for row in rows), strict=True)):
        return None
    merged = _merge_neighbours(list(rows), apart) if in_order else _merge_smallest(list(rows))
    return merged if len(merged) > 1 else None


def _merge_neighbours(rows: list[Row], apart: frozenset[str]) -> list[Row]:
    while len(rows) > 1 and (i := next((i for i, row in enumerate(rows) if row.small), None)) is not None:
        near = [j for j in (i - 1, i + 1) if 0 <= j < len(rows)]
        j = min(near, key=lambda j: (not apart.isdisjoint(rows[j].keys), rows[j].total))
        low = min(i, j)
        rows[low : low + 2] = [rows[low] + rows[low + 1]]
    return rows


def _merge_smallest(rows: list[Row]) -> list[Row]:
    pool = [row for row in rows if row.small]
    if not pool:
        return rows
    rest = sorted((row for row in rows if not row.small), key=lambda row: (row.total, row.keys), reverse=True)
    merged = _sum(pool)
    while rest and (merged.small or len(merged.keys) < 2):
        merged += rest.pop()
    shown = {row.keys for row in rest}
    return [row for row in rows if row.keys in shown] + [merged]


def _sum(rows: list[Row]) -> Row:
    total = rows[0]
    for row in rows[1:]:
        total += row
    return total


def hide(
    counts: Mapping[str, int], before: Sequence[Mapping[str, int]] = (), hidden: Collection[str] = ()
) -> dict[str, int | None]:
    """Counts of a total that is shown, small ones hidden (None).

    A hidden count must not follow from the total: at least two counts go, and together they are not small either.
    (Reasons of one step may overlap, so their total says less; but that is not reliable.) ``before``: the counts of
    earlier releases, from which none may differ by few; ``hidden``: what these hid, which stays hidden.
    """

    def moved_by_few(names: Collection[str]) -> bool:
        now = sum(counts[name] for name in names)
        return any(small(abs(now - sum(earlier.get(name, 0) for name in names))) for earlier in before)

    gone = {name for name, n in counts.items() if small(n) or name in hidden or moved_by_few([name])}
    others = sorted((name for name, n in counts.items() if n >= SMALL), key=lambda name: (counts[name], name))
    others = [name for name in others if name not in gone]
    while gone and others and (len(gone) < 2 or sum(counts[name] for name in gone) < SMALL or moved_by_few(gone)):
        gone.add(others.pop(0))
    return {name: None if name in gone else n for name, n in counts.items()}
