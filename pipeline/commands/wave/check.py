"""`gelombang check`: finds what is wrong with a delivery, before the wave closes. Writes nothing below the data
root."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say, say_json
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, language_of
from pipeline.domain.said import in_language
from pipeline.domain.settings import settings
from pipeline.inspection.delivery import Delivery, Finding, inspect_delivery
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import label, problem_text
from pipeline.runtime.terminal import Terminal
from pipeline.storage.paths import Store

_WIDTH = 80


def check(
    wave: WaveArgument,
    *,
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Plain JSON for machines.")] = False,
) -> None:
    """Try a delivery before the wave closes: what would be read, what set aside, which checks fail. Writes nothing.

    Example: gelombang check 12
    """
    spoken = language_of(language)
    store = Store.at(data or settings().data)
    found_wave = store.calendar().wave(wave)
    if Terminal(stderr=True).is_terminal:  # a million people take a while
        say(label("check.reading", spoken, wave=str(wave)), err=True)
    found = inspect_delivery(store, found_wave)
    if as_json:
        say_json(found.to_json(), indent=2)
    else:
        _show(found, spoken)
    if not found.sound:
        raise typer.Exit(1)


def _show(found: Delivery, language: str) -> None:
    console = Terminal()
    if not console.is_terminal:
        console.width = _WIDTH

    def word(key: str, **values: object) -> str:
        return label(f"check.{key}", language, **{name: str(value) for name, value in values.items()})

    console.print(word("files", wave=found.wave.number), style="bold")
    if found.files:
        console.print(_files(found, [word(key) for key in ("file", "read", "taken", "aside", "why")], language))
    else:
        console.print(f"  {word('none')}")
    console.print(word("extracts", day=found.wave.closing_day), style="bold")
    table = Table(word("extract"), word("asof"), word("read"), word("before"), word("read"))
    for name, one in found.extracts.items():
        before = "" if one.previous_rows is None else numbers.integer(one.previous_rows, language)
        table.add_row(name, f"{one.asof}", numbers.integer(one.rows, language), f"{one.previous_asof or ''}", before)
    console.print(table)
    for key, findings in (("failures", found.failures), ("notes", found.notes)):
        if findings:
            console.print(word(key), style="bold red" if key == "failures" else "bold")
            _list(console, findings, language)
    ends = word("sound") if found.sound else word("unsound", n=len(found.failures))
    console.print(ends, style="green" if found.sound else "red")


def _files(found: Delivery, heads: list[str], language: str) -> Table:
    """One row a file. A long name is folded, never cut: it is what the sender looks for."""
    table = Table()
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number in (1, 2, 3) else "left", overflow="fold")
    for one in found.files:
        why = [
            f"{problem_text(problem, language)}: {numbers.integer(n, language)}" for problem, n in one.problems.items()
        ]
        said = one.error.split(":")[0] or "\n".join(why)
        counts = (numbers.integer(count, language) for count in (one.read, one.taken_in, one.set_aside))
        table.add_row(Text(f"{one.folder}/{one.file}"), *counts, Text(said))  # a file's name is no markup
    return table


def _list(console: Console, findings: list[Finding], language: str) -> None:
    for one in findings:
        console.print(f"• {one.what}", style="bold", markup=False, highlight=False)
        console.print(f"  {in_language(one.message, language)}", markup=False, highlight=False)
        if one.advice:
            console.print(f"  → {in_language(one.advice, language)}", style="dim", markup=False, highlight=False)
