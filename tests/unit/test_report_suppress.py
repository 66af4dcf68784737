"""Small cells cannot be had back: what is shown is attacked with linear programming, as a curious reader could."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.figures.groups import PARTS, Group, provinces, table
from pipeline.reports.figures.wave_figures import Figures, figures
from pipeline.reports.small_cells.suppress import SMALL, Chain, Row, hide, merge, small
from pipeline.reports.wave_report import write_report
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store
from tests.query import rows
from tests.unit import wave_factory

Equation = tuple[set[int], int]
counts = st.lists(st.integers(0, 12), min_size=1, max_size=9)


def bounds(n: int, equations: Iterable[Equation], target: int) -> tuple[float, float]:
    """The least and the most that unknown ``target`` can be, given what was published (sums of unknowns)."""
    equations = list(equations)
    a = np.zeros((len(equations), n))
    for row, (members, _) in enumerate(equations):
        a[row, list(members)] = 1
    b = [value for _, value in equations]
    c = np.zeros(n)
    c[target] = 1
    low, high = (linprog(sign * c, A_eq=a, b_eq=b, bounds=(0, None)) for sign in (1, -1))
    assert low.status == 0
    return low.fun, np.inf if high.status == 3 else -high.fun


@given(counts)
def test_chain_never_shows_a_small_sum(values: list[int]) -> None:
    chain = Chain({str(i): n for i, n in enumerate(values)})
    for i in range(len(values)):
        for j in range(i + 1, len(values) + 1):
            shown = chain.sum(map(str, range(i, j)))
            assert shown is None or (shown == sum(values[i:j]) and not small(shown))


@given(counts)
def test_chain_cannot_be_solved(values: list[int]) -> None:
    chain = Chain({str(i): n for i, n in enumerate(values)})
    if small(sum(values)):
        return
    n = len(values)
    spans = [(i, j) for i in range(n) for j in range(i + 1, n + 1)]
    known = [(set(range(i, j)), s) for i, j in spans if (s := chain.sum(map(str, range(i, j)))) is not None]
    for i, value in enumerate(values):
        if small(value):
            low, high = bounds(n, known, i)
            assert low < 1
            assert high >= SMALL


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=8), st.booleans())
def test_merged_rows_keep_totals_and_show_nothing_small(table: list[tuple[int, ...]], in_order: bool) -> None:
    rows = [Row((str(i),), row) for i, row in enumerate(table)]
    merged = merge(rows, in_order=in_order)
    if merged is None:
        return
    assert not any(row.small for row in merged)
    for column in range(3):
        assert sum(row.counts[column] for row in merged) == sum(row[column] for row in table)
    keys = [key for row in merged for key in row.keys]
    assert sorted(keys) == sorted(str(i) for i, row in enumerate(table) if sum(row))


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 12), max_size=7))
def test_hidden_counts_hide_each_other(values: dict[str, int]) -> None:
    shown = hide(values)
    hidden = [values[name] for name, n in shown.items() if n is None]
    assert all(n is None or n == values[name] for name, n in shown.items())
    assert not any(n is not None and small(n) for n in shown.values())
    if hidden and any(n is not None and n >= SMALL for n in shown.values()):
        assert len(hidden) >= 2
        assert sum(hidden) >= SMALL


def _run(tmp_path: Path, n: int, seed: int, quota: int) -> tuple[Store, Figures]:
    wave = wave_factory.wave(quota=quota, selfie=("after_draw", "before_draw", "off")[seed % 3])
    store = wave_factory.make(tmp_path, wave, n=n, seed=seed)
    write_funnel(store, wave)
    return store, figures(store, wave)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [80, 300, 900])
def test_funnel_of_a_small_wave_cannot_be_solved(n: int, seed: int, tmp_path: Path) -> None:
    store, f = _run(tmp_path, n, seed, quota=n // 12)
    raw = read_json(store.work(f.wave) / "out" / "funnel.json")
    leaves = [(s["step"], outcome, k) for s in raw["steps"] for outcome, k in s["outcomes"].items()]
    leaves.append(("accepted", "accepted", raw["ends"]["accepted"]))
    order = {**{s["step"]: i for i, s in enumerate(raw["steps"])}, "accepted": 99}

    def placed(compare: Callable[[int, int], bool], at: int) -> set[int]:
        return {i for i, (step, _, _) in enumerate(leaves) if compare(order[step], at)}

    known: list[Equation] = [(set(range(len(leaves))), f.funnel.registrations)]
    for s in f.funnel.steps:
        at = order[s.step]
        for value, chosen in (
            (s.left, placed(operator.eq, at)),
            (s.entered, placed(operator.ge, at)),
            (s.passed, placed(operator.gt, at)),
        ):
            if value is not None:
                known.append((chosen, value))
    for end, n_of_end in f.funnel.ends.items():
        if n_of_end is not None:
            known.append(({i for i, (_, outcome, _) in enumerate(leaves) if outcome == end}, n_of_end))
    if f.photo_again is not None:
        again = {i for i, (step, outcome, _) in enumerate(leaves) if (step, outcome) == ("selfie", "rejected")}
        known.append((again, f.photo_again))
    for i, (step, _, k) in enumerate(leaves):
        if small(k) and step != "accepted":
            low, high = bounds(len(leaves), known, i)
            assert low < k
            assert high >= SMALL


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [300, 1500])
@pytest.mark.parametrize("kind", ["sex", "age", "tier", "provinces"])
def test_groups_of_a_small_wave_cannot_be_solved(kind: str, n: int, seed: int, tmp_path: Path) -> None:
    store, f = _run(tmp_path, n, seed, quota=n // 12)
    groups: list[Group] | None = getattr(f, kind)
    if groups is None:
        return
    column = {"provinces": "province_code", "age": "age"}.get(kind, kind)
    path = store.work(f.wave) / "out" / "decisions.parquet"
    band = (
        "CASE WHEN age IS NULL THEN 'unknown' WHEN age < 18 THEN 'under_18' WHEN age < 25 THEN '18_24' "
        "WHEN age < 35 THEN '25_34' WHEN age < 45 THEN '35_44' WHEN age < 55 THEN '45_54' "
        "WHEN age < 65 THEN '55_64' ELSE '65_up' END"
    )
    cells = rows(
        f"SELECT {band if kind == 'age' else column}, outcome = 'accepted', position IS NOT NULL, "
        "CASE WHEN selfie_verified THEN outcome END, retry, "
        f"count(*) FROM '{path}' GROUP BY ALL"
    )

    def members(keys: tuple[str, ...], accepted: bool | None = None, eligible: bool | None = None) -> set[int]:
        return {
            i
            for i, (key, a, e, *_) in enumerate(cells)
            if key in keys and accepted in (None, a) and eligible in (None, e)
        }

    everybody = tuple({cell[0] for cell in cells})
    known: list[Equation] = [(members(everybody, accepted=True), f.funnel.accepted)]
    for g in groups:
        known.append((members(g.keys), g.applications))
        known.append((members(g.keys, eligible=True), g.eligible))
        if g.accepted is not None:
            known.append((members(g.keys, accepted=True), g.accepted))
        if g.verified is not None:
            known.append(({i for i in members(g.keys) if cells[i][3]}, g.verified))
        if g.photographs is not None:
            mine = {i: cells[i][3:5] for i in members(g.keys)}
            review = {i for i, (outcome, _) in mine.items() if outcome == "review"}
            refused = {i for i, (outcome, _) in mine.items() if outcome == "rejected"}
            again = {i for i in refused if mine[i][1] == "photo"}
            known.append((review, g.photographs.review.passed))
            known.append((refused, g.photographs.refused.passed))
            known.append((again, g.photographs.again.passed))
    for members_, value in known:  # every figure is right …
        assert sum(cells[i][-1] for i in members_) == value
        assert not small(value) or value == f.funnel.accepted  # … and none is small
    for i, cell in enumerate(cells):
        if small(cell[-1]) and len({c[0] for c in cells}) > 1:
            low, high = bounds(len(cells), known, i)
            assert (low, high) != (cell[-1], cell[-1])


def test_photographs_by_sex_are_shown_where_every_count_may_be() -> None:
    row = dict.fromkeys(PARTS, 20)
    rows = [{"sex": "P", **row}, {"sex": "L", **row, "photo_refused": 0}]
    assert [g.photographs is not None for g in table(rows, "sex") or []] == [True, True]
    few = table([{"sex": "P", **row, "review": 3}, {"sex": "L", **row}], "sex")
    assert few is not None
    assert [(g.photographs, g.verified) for g in few] == [(None, 83), (None, 100)]


@pytest.mark.parametrize(("waiting", "shown"), [(0, True), (2, False), (4, False), (5, True)])
def test_the_reserve_is_not_the_eligible_of_all_provinces_less_the_cohort(waiting: int, shown: bool) -> None:
    nobody = dict.fromkeys(PARTS, 0)
    rows = [
        {"province": "31", **nobody, "screened_out": 90, "waiting": waiting, "placed": 10},
        {"province": "32", **nobody, "screened_out": 88, "placed": 10},
    ]
    assert (provinces(rows) is not None) == shown


def test_no_small_count_on_the_page(tmp_path: Path) -> None:
    import re

    for seed in range(5):
        wave = wave_factory.wave(quota=60)
        store = wave_factory.make(tmp_path / str(seed), wave, n=700, seed=seed)
        write_funnel(store, wave)
        html = write_report(store, wave).read_text(encoding="utf-8")
        assert not re.findall(r'<td class="n[^"]*">\s*[1-4]\s*</td>|<dd>\s*[1-4]\s*</dd>', html)
