"""`gelombang history`: what happened to a wave, or to all, from the record, in plain words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of, wave_number
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.record.history import columns, history_lines
from pipeline.reports.language.labels import label
from pipeline.storage.paths import Store


def history(
    wave: Annotated[
        int | None,
        typer.Argument(parser=wave_number, metavar="WAVE", help="The wave's number; of all waves without one."),
    ] = None,
    *,
    data: DataOption = None,
    lookups: Annotated[bool, typer.Option("--lookups", help="Who looked up whose data, and nothing else.")] = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what happened to a wave: deliveries, runs, lists, approvals, publications, from the signed record.

    Requests about a person over all waves (access, erase) are listed for each wave: gelombang history 12 --lookups

    Example: gelombang history 12
    """
    spoken = language_of(language)
    store = Store.at(data or settings().data)
    found = [e for e in log.entries(store) if (e.event == "looked_up") == lookups]
    if wave is not None:
        found = [e for e in found if e.wave == wave or (lookups and e.wave is None)]
    if as_json:
        say_json([asdict(entry) for entry in found], indent=1)
        return
    table = Table()
    for head in columns(spoken):  # the name of a run or of a file is folded in a narrow terminal, never cut off
        table.add_column(head, overflow="fold")
    for entry, line in zip(found, history_lines(found, spoken), strict=True):
        of = f"{label('purge.wave', spoken)} {entry.wave}: " if wave is None and entry.wave else ""
        table.add_row(str(line.number), f"{line.at:%Y-%m-%d %H:%M:%S}", Text(line.by), Text(of + line.text))
    wide_console().print(table)
