"""The funnel adds up, and each of its figures is what an independent query on decisions.parquet gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from pipeline.domain import reasons
from pipeline.domain.calendar_tables import SelfieMode
from pipeline.domain.errors import WaveNotRunError
from pipeline.reports.figures.funnel_steps import steps_of, write_funnel
from pipeline.reports.funnel_display import bar, print_funnel
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store
from tests.query import rows
from tests.unit import wave_factory

MODES: tuple[SelfieMode, ...] = ("after_draw", "before_draw", "off")


@pytest.mark.parametrize("mode", MODES)
def test_steps_and_ends_add_up(mode: SelfieMode, tmp_path: Path) -> None:
    wave = wave_factory.wave(selfie=mode, quota=150)
    store = wave_factory.make(tmp_path, wave, n=3000)
    funnel = write_funnel(store, wave)
    assert read_json(store.work(wave) / "out" / "funnel.json") == funnel
    assert [step["step"] for step in funnel["steps"]] == list(steps_of(mode))
    entered = 3000
    for step in funnel["steps"]:
        assert step["entered"] == entered
        assert step["passed"] == step["entered"] - step["left"]
        assert sum(step["outcomes"].values()) == step["left"]
        entered = step["passed"]
    assert entered == funnel["ends"]["accepted"]
    assert sum(funnel["ends"].values()) == 3000


@pytest.mark.parametrize("mode", MODES)
def test_figures_equal_queries(mode: SelfieMode, tmp_path: Path) -> None:
    wave = wave_factory.wave(selfie=mode, quota=150)
    store = wave_factory.make(tmp_path, wave, n=3000, seed=7)
    funnel = write_funnel(store, wave)
    decided = rows(f"SELECT outcome, reasons FROM '{store.work(wave) / 'out' / 'decisions.parquet'}'")
    left: dict[str, int] = {}
    why: dict[tuple[str, str], int] = {}
    for outcome, codes in decided:
        if outcome in ("accepted", "reserve"):
            left[outcome] = left.get(outcome, 0) + 1
            continue
        layers = {"email" if code == "email_unverified" else reasons.catalogue()[code].layer: code for code in codes}
        step = next((step for step in steps_of(mode) if step in layers), "selfie")
        left[step] = left.get(step, 0) + 1
        for code in codes:
            if (code == "email_unverified") == (step == "email") and (
                step == "email" or reasons.catalogue()[code].layer == step
            ):
                why[step, code] = why.get((step, code), 0) + 1
    for step in funnel["steps"]:
        name = "reserve" if step["step"] == "drawn" else step["step"]
        assert step["left"] == left.get(name, 0)
        assert step["by_reason"] == {c: n for (s, c), n in why.items() if s == step["step"]}
    assert funnel["ends"]["accepted"] == left["accepted"]


def test_without_decisions_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(WaveNotRunError):
        write_funnel(Store(tmp_path), wave_factory.wave())


@pytest.mark.parametrize(("language", "shown"), [("id", "3.000"), ("en", "3,000")])
@pytest.mark.parametrize("width", [60, 120])
def test_terminal_writes_numbers_as_the_reader_does(language: str, shown: str, width: int, tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=150)
    funnel = write_funnel(wave_factory.make(tmp_path, wave, n=3000), wave)
    console = Console(record=True, width=width, file=(tmp_path / "screen").open("w"))
    print_funnel(funnel, console, language)
    text = console.export_text()
    assert shown in text
    assert max(map(len, text.splitlines())) <= width


def test_bar_is_never_empty_for_somebody() -> None:
    assert bar(0.0) == ""
    assert bar(1e-9) != ""
    assert len(bar(1.0)) == 26
