"""Small cells by example: no more is hidden than must be, and exactly this. (Attacks: test_report_suppress.py.)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import Funnel, Step, note_release, published, shown_of
from pipeline.reports.small_cells.releases import Released, Table
from pipeline.reports.small_cells.suppress import Chain, Row, hide, merge, running
from pipeline.storage.files import write_json

Counts = dict[str, int]
Parts = list[tuple[str, ...]]


@pytest.mark.parametrize(
    ("counts", "more", "parts"),
    [
        ({"a": 5, "b": 0, "c": 6}, {}, [("a",), ("b",), ("c",)]),  # five may be shown, and nobody too
        ({"a": 10, "b": 3, "c": 8}, {}, [("a",), ("b", "c")]),  # the smaller neighbour
        ({"a": 6, "b": 4, "c": 8}, {}, [("a", "b"), ("c",)]),
        ({"a": 6, "b": 1, "c": 6}, {}, [("a", "b"), ("c",)]),
        ({"a": 0, "b": 3, "c": 8}, {}, [("a",), ("b", "c")]),  # an empty neighbour hides nothing
        ({"a": 9, "b": 3, "c": 6}, {"phases": [{"a", "b"}, {"c"}]}, [("a", "b"), ("c",)]),
        ({"a": 9, "b": 3, "z": 6}, {"public": {"z"}}, [("a", "b"), ("z",)]),
        ({"a": 9, "z": 3}, {"public": {"z"}}, [("a",), ("z",)]),
        ({"a": 3, "z": 9}, {"public": {"z"}}, [("a",), ("z",)]),
        ({"a": 9, "b": 9, "c": 9, "d": 9}, {"joined": [("a", "c")]}, [("a", "b", "c"), ("d",)]),
        ({"a": 9, "b": 9, "c": 9}, {"joined": [("b",), ("gone",)]}, [("a",), ("b",), ("c",)]),
        ({"a": 10, "b": 20, "c": 8}, {"before": [{"a": 10, "b": 18, "c": 10}]}, [("a",), ("b", "c")]),
        ({"a": 10, "b": 20}, {"before": [{"a": 14, "b": 16}]}, [("a", "b")]),
        ({"a": 10, "b": 20}, {"before": [{"a": 15, "b": 15}]}, [("a",), ("b",)]),
        ({"a": 10, "b": 20}, {"before": [{"b": 23}]}, [("a", "b")]),  # a step that the earlier release did not have
        ({"a": 10, "b": 20}, {"before": [{"a": 12, "b": 18}], "phases": [{"a"}, {"b"}]}, [("a",), ("b",)]),
    ],
)  # fmt: skip
def test_parts_of_a_chain(counts: Counts, more: dict[str, Any], parts: Parts) -> None:
    more |= {"phases": [frozenset(phase) for phase in more.get("phases", [])]}
    assert Chain(counts, **{**more, "public": frozenset(more.get("public", ()))}).parts == parts


def test_sums_of_a_chain_are_of_whole_parts() -> None:
    chain = Chain({"a": 10, "b": 3, "c": 8, "d": 0})
    assert [chain.sum(names) for names in ("a", "b", "c", "bc", "abc", "d", "bcd", "")] == [
        10, None, None, 11, 21, 0, 11, 0,
    ]  # fmt: skip
    assert Chain({"a": 3}).sum("a") is None  # nothing to merge it with
    assert Chain({"a": 9}).sum("ax") is None


@pytest.mark.parametrize(
    ("counts", "before", "hidden", "gone"),
    [
        ({"a": 0, "b": 5, "c": 9}, [], [], ""),
        ({"a": 3, "b": 9, "c": 7}, [], [], "ac"),  # with the smallest of the others
        ({"a": 4, "b": 9}, [], [], "ab"),
        ({"a": 2, "b": 2, "c": 6, "d": 8}, [], [], "abc"),  # together they must not be small either
        ({"a": 2, "b": 3, "c": 9}, [], [], "ab"),
        ({"a": 3, "c": 7, "b": 7}, [], [], "ab"),
        ({"a": 3, "b": 0}, [], [], "a"),  # nothing to hide it with
        ({"a": 10, "b": 20, "c": 30}, [], ["b"], "ab"),
        ({"a": 10, "b": 20, "c": 30}, [{"a": 12, "b": 20, "c": 30}], [], "abc"),
        ({"a": 10, "b": 20, "c": 30}, [{"a": 12, "b": 18, "c": 30}], [], "ab"),
        ({"a": 10, "b": 20, "c": 30}, [{"a": 15, "b": 20, "c": 30}], [], ""),
        ({"a": 10, "b": 4}, [{"a": 10}], [], "ab"),
        ({"a": 10, "b": 20, "c": 30}, [{"a": 10, "b": 20}], [], ""),  # a reason that nobody had before
    ],
)
def test_hidden_counts(counts: Counts, before: list[Counts], hidden: list[str], gone: str) -> None:
    assert hide(counts, before, hidden) == {name: None if name in gone else n for name, n in counts.items()}


@pytest.mark.parametrize(
    ("counts", "sums"),
    [
        ([], []),
        ([(0, 0)], [0]),
        ([(5, 4)], [None]),
        ([(6, 7), (3, 9), (4, 8), (5, 0)], [6, None, 13, 18]),
        ([(2, 5), (2, 5), (2, 5)], [None, None, 6]),
    ],
)
def test_running_sums(counts: list[tuple[int, ...]], sums: list[int | None]) -> None:
    assert running(counts) == sums


def rows(**counts: tuple[int, ...]) -> list[Row]:
    return [Row((name,), numbers) for name, numbers in counts.items()]


@pytest.mark.parametrize(
    ("given", "in_order", "merged"),
    [
        (rows(a=(5, 0), b=(6, 6)), True, {"a": (5, 0), "b": (6, 6)}),
        (rows(a=(0, 0), b=(5, 5), c=(6, 6)), True, {"b": (5, 5), "c": (6, 6)}),
        (rows(a=(3, 9), b=(9, 9), c=(8, 8)), True, {"ab": (12, 18), "c": (8, 8)}),
        (rows(a=(9, 9), b=(3, 9), c=(8, 8)), True, {"a": (9, 9), "bc": (11, 17)}),  # the smaller neighbour
        (rows(a=(8, 8), b=(9, 9), c=(9, 3)), True, {"a": (8, 8), "bc": (18, 12)}),
        (rows(a=(9, 9), b=(3, 9), x=(8, 8)), True, {"ab": (12, 18), "x": (8, 8)}),  # x is kept apart
        (rows(a=(6, 6), b=(6, 3)), True, None),  # one row says nothing of groups
        (rows(a=(6, 1), b=(6, 2)), True, None),  # the total is small
        ([], True, None),
        (rows(a=(5, 0), b=(6, 6)), False, {"a": (5, 0), "b": (6, 6)}),
        (rows(a=(3, 9), b=(20, 20), c=(7, 7), d=(9, 9)), False, {"b": (20, 20), "d": (9, 9), "ac": (10, 16)}),
        (rows(a=(3, 9), b=(20, 20), c=(2, 8)), False, {"b": (20, 20), "ac": (5, 17)}),
        (rows(a=(3, 9), d=(7, 7), c=(7, 7)), False, {"d": (7, 7), "ac": (10, 16)}),  # of two alike the first name
        (rows(a=(1, 9), b=(1, 9), c=(7, 7), d=(9, 9)), False, {"d": (9, 9), "abc": (9, 25)}),
        (rows(a=(3, 9), b=(6, 6)), False, None),
    ],
)
def test_merged_rows(given: list[Row], in_order: bool, merged: dict[str, tuple[int, ...]] | None) -> None:
    found = merge(given, in_order=in_order, apart=frozenset({"x"}))
    assert found == (None if merged is None else [Row(tuple(keys), counts) for keys, counts in merged.items()])


def step(code: str, entered: int, passed: int, by_reason: Counts | None = None, **outcomes: int) -> dict[str, Any]:
    return {
        "step": code, "entered": entered, "left": entered - passed, "passed": passed,
        "by_reason": by_reason or {}, "outcomes": outcomes,
    }  # fmt: skip


FUNNEL: dict[str, Any] = {
    "wave": 7,
    "quota": 60,
    "registrations": 200,
    "steps": [
        step("identity", 200, 150, {"deceased": 40, "not_citizen": 10, "under_18": 3}, rejected=50),
        step("bansos", 150, 147, {"bansos_recipient": 3}, rejected=3),
        step("education", 147, 120, {"in_education": 27}, rejected=27),
        step("drawn", 120, 70, reserve=50),
        step("selfie", 70, 50, {"blur": 12, "hat": 8}, rejected=12, review=8),
    ],
    "ends": {"accepted": 50, "reserve": 50, "rejected": 92, "review": 8},
}


def test_a_funnel_as_it_is_shown() -> None:
    shown = published(FUNNEL)
    assert shown == Funnel(
        7, 60, 200,
        [
            Step("identity", 200, 50, 150, {"deceased": 40, "not_citizen": None, "under_18": None}),
            Step("bansos", 150, None, None, {"bansos_recipient": None}),
            Step("education", None, None, 120, {"in_education": None}),
            Step("drawn", 120, 50, 70, {}),
            Step("selfie", 70, 20, 50, {"blur": 12, "hat": 8}),
        ],
        {"accepted": 50, "reserve": 50, "rejected": 92, "review": 8},
        [
            ("identity:rejected",), ("bansos:rejected", "education:rejected"), ("drawn:reserve",),
            ("selfie:rejected",), ("selfie:review",), ("accepted:accepted",),
        ],
    )  # fmt: skip
    assert (shown.accepted, shown.empty) == (50, 10)
    assert [shown.passed(code) for code in ("identity", "bansos", "selfie", "email")] == [150, None, 50, None]
    assert shown.rows()[0] == ("registered", 200, 0)
    assert shown.rows()[2] == ("bansos", None, None)
    assert shown.rows()[-1] == ("accepted", 50, 0)
    assert list(shown.public()) == ["wave", "quota", "registrations", "steps", "ends"]
    assert shown.public()["steps"][3] == {"step": "drawn", "entered": 120, "left": 50, "passed": 70, "by_reason": {}}


def test_what_was_released_is_noted_and_hides_in_the_next_release(tmp_path: Path) -> None:
    first = published(FUNNEL)
    table: Table = [(["L"], [30, 20]), (["P"], [None, 30])]
    note_release(tmp_path, FUNNEL, first, Released(), {"sex": table})
    found = releases.read([tmp_path, tmp_path / "nothing"])
    assert found.parts == [["bansos:rejected", "education:rejected"]]
    assert found.cells == [
        {
            "identity:rejected": 50, "bansos:rejected": 3, "education:rejected": 27, "drawn:reserve": 50,
            "selfie:rejected": 12, "selfie:review": 8, "accepted:accepted": 50,
        }
    ]  # fmt: skip
    assert found.hidden["identity"] == ["not_citizen", "under_18"]
    assert found.reasons_of("selfie") == [{"blur": 12, "hat": 8}]
    assert found.reasons_of("email") == []
    assert found.tables == {"sex": [table]}
    write_json(FUNNEL, tmp_path / "funnel.json")
    assert shown_of(tmp_path) == first
    # Seven more left at bansos and not at identity: each could be shown now, but for what the first release hid.
    second = {**FUNNEL, "steps": [*FUNNEL["steps"]]}
    second["steps"][0] = step("identity", 200, 157, {"deceased": 30, "not_citizen": 10, "under_18": 3}, rejected=43)
    second["steps"][1] = step("bansos", 157, 147, {"bansos_recipient": 10}, rejected=10)
    shown = published(second, found)
    assert [(s.left, s.by_reason) for s in shown.steps[:3]] == [
        (43, {"deceased": 30, "not_citizen": None, "under_18": None}),
        (None, {"bansos_recipient": None}),
        (None, {"in_education": None}),
    ]
    note_release(tmp_path / "again", second, shown, found)
    both = releases.read([tmp_path / "again", tmp_path])
    assert [cells["identity:rejected"] for cells in both.cells] == [50, 43]
    assert both.tables == {"sex": [table]}


@pytest.mark.parametrize(
    ("table", "allowed"),
    [
        ([(["L"], [30, 20]), (["P"], [None, 30])], True),
        ([(["L"], [35, 15]), (["P"], [None, 30])], True),  # moved by five
        ([(["L"], [34, 20]), (["P"], [None, 30])], False),
        ([(["L"], [30, 20]), (["P"], [None, 29])], False),
        ([(["L"], [30, None]), (["P"], [None, 30])], False),
        ([(["L"], [30, 20]), (["P"], [9, 30])], False),
        ([(["L"], [30, 20])], False),
        ([(["P"], [30, 20]), (["L"], [None, 30])], False),
        ([(["L"], [0, 20]), (["P"], [None, 30])], True),
    ],
)
def test_a_table_beside_its_earlier_version(table: Table, allowed: bool) -> None:
    before = Released(tables={"sex": [[(["L"], [30, 20]), (["P"], [None, 30])]]})
    assert before.allows("sex", table) == allowed
    assert before.allows("age", table)


def test_a_release_that_is_known_changes_nothing() -> None:
    one = Released([{"a": 1}], [["a", "b"]], [{"s": {"x": 1}}], {"s": ["y", "x"]}, {"sex": [[(["L"], [1])]]})
    found = Released()
    found.add(one)
    found.add(one)
    assert found == Released(one.cells, one.parts, one.reasons, {"s": ["x", "y"]}, one.tables)
    found.add(Released([{"a": 2}], [["c"]], [], {"s": ["a"], "t": []}, {"sex": [[(["L"], [2])]], "age": []}))
    assert found.cells == [{"a": 1}, {"a": 2}]
    assert found.parts == [["a", "b"], ["c"]]
    assert found.hidden == {"s": ["a", "x", "y"], "t": []}
    assert found.tables == {"sex": [[(["L"], [1])], [(["L"], [2])]], "age": []}


def test_what_the_list_of_the_draw_tells_anyway_is_not_hidden_when_it_moves_by_few(tmp_path: Path) -> None:
    """Two people more on the list: everybody sees its size, and so how many were refused before it."""

    def funnel(refused: int) -> dict[str, Any]:
        eligible = 200 - refused
        steps = [
            step("identity", 200, eligible, {"deceased": refused}, rejected=refused),
            step("drawn", eligible, 50, reserve=eligible - 50),
        ]
        ends = {"accepted": 50, "reserve": eligible - 50, "rejected": refused, "review": 0}
        return {**FUNNEL, "steps": steps, "ends": ends}

    note_release(tmp_path, funnel(60), published(funnel(60)), Released())
    shown = published(funnel(58), releases.read([tmp_path]))
    assert [(s.entered, s.left, s.passed) for s in shown.steps] == [(200, 58, 142), (142, 92, 50)]
