"""Two releases beside each other tell nothing about few people: a rerun, a revision, an overview with one wave more.

The reader of these attacks keeps every release, subtracts, solves with linear programming, and even knows that whatever
looks the same in both is the same.
"""

from __future__ import annotations

import copy
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipeline.domain import contracts
from pipeline.publication.public_figures import as_published
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.figures.released_figures import figures_of
from pipeline.reports.figures.wave_figures import Figures, figures
from pipeline.reports.noted_release import note_figures
from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import Funnel, note_release, published
from pipeline.reports.small_cells.suppress import SMALL, Chain, hide, running, small
from pipeline.storage.files import read_json, read_table, write_table
from pipeline.storage.paths import Store
from tests.unit import wave_factory

EARLY, LATE, ACCEPTED = ["a", "b", "c", "d"], ["e", "f", "g"], "z"
NAMES = [*EARLY, *LATE, ACCEPTED]
PHASES = [frozenset(EARLY), frozenset(LATE)]
SPANS = [(i, j) for i in range(len(NAMES)) for j in range(i + 1, len(NAMES) + 1)]
Shown = dict[tuple[int, int], int]
vectors = st.lists(st.integers(0, 14), min_size=len(NAMES), max_size=len(NAMES))
moves = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 6)), max_size=3)


def chain(values: list[int], before: list[dict[str, int]], joined: list[tuple[str, ...]]) -> Chain:
    counts = dict(zip(NAMES, values, strict=True))
    return Chain(counts, PHASES, frozenset({ACCEPTED}), before, joined)


def shown(one: Chain) -> Shown:
    return {(i, j): total for i, j in SPANS if (total := one.sum(NAMES[i:j])) is not None}


def moved(values: list[int], steps: list[tuple[int, int, int]]) -> list[int]:
    """The same people after some of them were decided otherwise."""
    now = list(values)
    for source, target, n in steps:
        n = min(n, now[source])
        now[source] -= n
        now[target] += n
    return now


def pair(values: list[int], now: list[int], aware: bool = True) -> tuple[Chain, Chain]:
    first = chain(values, [], [])
    before = [dict(zip(NAMES, values, strict=True))] if aware else []
    return first, chain(now, before, first.parts if aware else [])


def solvable(values: list[int], now: list[int], first: Chain, second: Chain) -> list[int]:
    """The cells under five that a reader of both can pin down. Unknowns are the cells of the first and of the second;
    the reader knows that people moved from one cell to one other, tries every such pair, and keeps those that fit.
    """
    n = len(NAMES)
    known: list[tuple[dict[int, int], int]] = []
    for one, offset in ((first, 0), (second, n)):
        known += [(dict.fromkeys(range(offset + i, offset + j), 1), total) for (i, j), total in shown(one).items()]
    cells = [c for c, v in enumerate([*values, *now]) if small(v) and NAMES[c % n] != ACCEPTED]
    found = dict.fromkeys(cells, (np.inf, -np.inf))
    for changed in combinations(range(n), 2):
        same = [({i: 1, n + i: -1}, 0) for i in range(n) if i not in changed]
        matrix = np.zeros((len(known) + len(same), 2 * n))
        for row, (members, _) in enumerate([*known, *same]):
            matrix[row, list(members)] = list(members.values())
        sums = [total for _, total in [*known, *same]]
        for cell in cells:
            cost = np.zeros(2 * n)
            cost[cell] = 1
            low, high = (linprog(s * cost, A_eq=matrix, b_eq=sums, bounds=(0, None)) for s in (1, -1))
            if low.status != 0:
                break  # nobody moved between these two
            least, most = found[cell]
            found[cell] = (min(least, low.fun), max(most, np.inf if high.status == 3 else -high.fun))
    return [cell for cell, (low, high) in found.items() if low > 0.5 and high < SMALL - 0.5]


def few(first: Chain, second: Chain) -> list[tuple[int, int]]:
    """Sums that both show and that differ by few; those of a whole phase are public anyway."""
    old, new = shown(first), shown(second)
    public = [set(EARLY), set(LATE), {ACCEPTED}]
    return [
        span
        for span in old.keys() & new.keys()
        if small(abs(old[span] - new[span]))
        and set(NAMES[slice(*span)]) not in [set.union(*(p for p, k in zip(public, keep, strict=True) if k))
                                             for keep in np.ndindex(2, 2, 2) if any(keep)]
    ]  # fmt: skip


@settings(max_examples=6)
@given(vectors, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 12)), min_size=1, max_size=1))
def test_a_second_release_of_the_funnel_cannot_be_solved_with_the_first(values: list[int], steps: Any) -> None:
    now = moved(values, steps)
    first, second = pair(values, now)
    joined = {frozenset(part) for part in second.parts}
    assert all(any(set(part) <= wider for wider in joined) for part in first.parts)  # nothing is taken apart again
    hidden_for_good = small(sum(values[:-1])) or small(sum(now[:-1]))  # nothing to merge with but the public cohort
    if not hidden_for_good:
        assert solvable(values, now, first, second) == []


def test_releases_that_do_not_know_of_each_other_disclose() -> None:
    """What was so before: b has three people and is merged with a at first, with c once a is larger."""
    values, now = [10, 3, 11, 20, 10, 10, 10, 30], [12, 3, 11, 18, 10, 10, 10, 30]
    assert 1 in solvable(values, now, *pair(values, now, aware=False))
    assert few(*pair(values, now, aware=False))
    assert solvable(values, now, *pair(values, now)) == []
    assert few(*pair(values, now)) == []


def test_few_that_are_left_are_not_told_by_what_is_too_small_to_have_lost_them() -> None:
    """Six left e for a; g, the only other in e's part, never had six."""
    values, now = [0, 0, 0, 0, 7, 0, 5, 0], [6, 0, 0, 0, 1, 0, 5, 0]
    assert solvable(values, now, *pair(values, now)) == []


@given(vectors, moves)
def test_no_figure_of_the_funnel_moves_by_few(values: list[int], steps: Any) -> None:
    now = moved(values, steps)
    first, second = pair(values, now)
    parts = [part for part in second.parts if (first.sum(part), second.sum(part)) != (None, None)]
    for part in parts:
        before, after = first.sum(part), second.sum(part)
        whole = [p for p in PHASES if p <= set(part)]
        if before is None or after is None or part == (ACCEPTED,) or (whole and frozenset().union(*whole) >= set(part)):
            continue
        assert not small(abs(before - after))


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 14), min_size=2),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(-6, 6)),
)
def test_reasons_that_were_hidden_stay_hidden_and_none_moves_by_few(values: dict[str, int], by: dict[str, int]) -> None:
    now = {name: max(n + by.get(name, 0), 0) for name, n in values.items()}
    first = hide(values)
    second = hide(now, [values], [name for name, n in first.items() if n is None])
    for name, n in second.items():
        if first[name] is None:
            assert n is None
        elif n is not None:
            assert not small(n)
            assert not small(abs(n - values[name]))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_an_overview_with_one_wave_more_tells_nothing_new_of_those_before(rows: list[tuple[int, int]]) -> None:
    released = [running(rows[:n]) for n in range(1, len(rows) + 1)]
    assert all(release == released[-1][: len(release)] for release in released)
    last: tuple[int, ...] = (0, 0)
    for place, total in enumerate(released[-1]):
        if total is not None:
            sums = tuple(sum(row[i] for row in rows[: place + 1]) for i in (0, 1))
            assert total == sums[0]
            assert not any(small(a - b) for a, b in zip(sums, last, strict=True))
            last = sums


def _release(store: Store, table: pa.Table, wave: Any) -> Figures:
    """One run: its report's figures, and its folder in its place."""
    work = store.work(wave)
    write_table(table, work / "out" / "decisions.parquet", contracts.DECISIONS)
    write_funnel(store, wave)
    found = figures(store, wave)
    note_figures(store, wave, found)
    shutil.copytree(work / "out", store.out(wave), dirs_exist_ok=True)
    return found


def _otherwise(table: pa.Table, rng: np.random.Generator, n: int) -> pa.Table:
    """A few refused applications that are refused for something else in the second run."""
    rows = table.to_pylist()
    refused = [row for row in rows if row["sex"] == "P" and row["layer"] in ("bansos", "education")]
    for row in rng.choice(np.array(refused, dtype=object), n, replace=False):
        row |= {"reasons": ["in_education"] if row["layer"] == "bansos" else ["bansos_recipient"]}
        row["layer"] = "education" if row["layer"] == "bansos" else "bansos"
        row["sex"] = "L"
    return pa.Table.from_pylist(rows, schema=table.schema)


@pytest.mark.parametrize("seed", range(4))
def test_a_rerun_of_a_wave_shows_no_figure_that_moved_by_few(seed: int, tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=500)
    store = wave_factory.make(tmp_path, wave, n=4000, seed=seed)
    table = read_table(store.work(wave) / "out" / "decisions.parquet")
    first = _release(store, table, wave)
    again = _release(store, table, wave)
    assert first.funnel == again.funnel  # nothing has changed, so nothing is hidden
    assert (first.sex, first.provinces) == (again.sex, again.provinces)
    second = _release(store, _otherwise(table, np.random.default_rng(seed), 2), wave)
    third = _release(store, table, wave)
    for one, other in ((first, second), (second, third), (first, third)):
        _must_be_steady(one.funnel, other.funnel)
        for kind in ("sex", "age", "tier", "provinces"):
            a, b = getattr(one, kind), getattr(other, kind)
            if a and b:
                pairs = [
                    p
                    for (_, x), (_, y) in zip(figures_of(a), figures_of(b), strict=True)
                    for p in zip(x, y, strict=True)
                ]
                assert not any(x and y and small(abs(x - y)) for x, y in pairs)
    assert first.sex is not None
    assert second.sex is None


def _must_be_steady(one: Funnel, other: Funnel) -> None:
    early = {"email", "registration", "identity", "education", "bansos"}
    for a, b in zip(one.steps, other.steps, strict=False):
        if a.left is not None and b.left is not None:
            assert not small(abs(a.left - b.left)), a.step
        if a.step in early and a.passed is not None and b.passed is not None:
            assert not small(abs(a.passed - b.passed)), a.step
        for code in a.by_reason:
            x, y = a.by_reason[code], b.by_reason.get(code)
            assert x is None or y is None or not small(abs(x - y))


@pytest.mark.parametrize(("gone", "let_in"), [(0, 0), (2, 0), (2, 2), (7, 3), (30, 30)])
def test_the_public_funnel_chains_and_tells_of_nobody_whom_the_last_screening_took_out(
    gone: int, let_in: int, tmp_path: Path
) -> None:
    wave = wave_factory.wave(quota=60)
    store = wave_factory.make(tmp_path, wave, n=3000, seed=3)
    run = write_funnel(store, wave)
    exact = as_published(run, gone, {"reserve": let_in} if let_in else {})
    assert exact["ends"]["accepted"] == run["ends"]["accepted"] - gone + let_in
    assert sum(exact["ends"].values()) == exact["registrations"]
    passed = exact["registrations"]
    for step in exact["steps"]:
        assert step["entered"] == passed
        passed = step["passed"]
        assert step["entered"] - step["left"] == passed
    note_release(tmp_path / "run", run, published(run), releases.Released())
    before = releases.read([tmp_path / "run"])
    first = published(exact, before)
    last = first.steps[-1]
    assert last.left is None or not small(last.left)
    note_release(tmp_path / "rev-1", exact, first, copy.deepcopy(before))
    further = as_published(run, gone + 1, {"reserve": let_in} if let_in else {})  # one more in the next revision
    second = published(further, releases.read([tmp_path / "run", tmp_path / "rev-1"]))
    _must_be_steady(first, second)
    assert read_json(tmp_path / "rev-1" / releases.NAME)["cells"][0] != []
    for shape in (first.public(), second.public()):
        figures_ = [v for s in shape["steps"] for v in (s["left"], *s["by_reason"].values())]
        assert not any(v is not None and small(v) for v in figures_)
