"""`gelombang find`: a person's applications over all waves, masked, for the helpdesk."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import Annotated

from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.commands.common.options import (
    DataOption,
    JsonOption,
    LanguageOption,
    WhyOption,
    from_standard_input,
    language_of,
    wave_option,
)
from pipeline.domain.errors import UnknownApplicationError
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.storage.paths import Store

_COLUMNS = ("wave", "registration_id", "code", "name", "nik", "outcome")
_TYPED = ("registration_id", "code")


def find(
    *,
    wave: Annotated[list[int] | None, wave_option("Only these waves; may be given several times.")] = None,
    data: DataOption = None,
    why: WhyOption = "",
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a person's applications by NIK, phone, a letter's code, name or part of an id, typed on standard input.
    Writes a line into the record.

    Example: gelombang find --why "a letter of 3 March" < nik.txt
    """
    from pipeline.inspection import person
    from pipeline.reports.language.labels import label

    spoken, store = language_of(language), Store.at(data or settings().data)
    store.pull("waves/", only=("manifest.json", "decisions.parquet"))
    what = person.asked(from_standard_input(label("find.ask", spoken)))
    more = person.find(store, what, wave)
    found = more[: person.LIMIT]
    for number, group in groupby(found, key=lambda one: one.wave):
        ids = ", ".join(one.registration_id for one in group)
        log.note(store, "looked_up", number, {"registration_id": ids, "why": why, "by_what": what.kind})
    if not found:  # asking whether somebody applied is a look, too
        log.note(store, "looked_up", None, {"registration_id": "–", "why": why, "by_what": what.kind})
    if as_json:
        say_json([asdict(one) for one in found], indent=1)
    elif found:
        table = Table()
        for column in _COLUMNS:  # text for the next command is never cut off, even in a narrow terminal
            typed, head = column in _TYPED, label(f"find.{column}", spoken)
            table.add_column(head.replace(" ", "\n") if typed else head, no_wrap=typed, overflow="fold")
        for one in found:
            shown = (one.registration_id, one.code, one.name, one.nik, label(f"outcome.{one.outcome}", spoken))
            table.add_row(str(one.wave), *(Text(text) for text in shown))
        wide_console().print(table)
    if len(more) > len(found):
        say(label("find.cut", spoken, n=str(person.LIMIT)), err=True)
    if not found:
        raise UnknownApplicationError("No application was found.", "Try another of NIK, phone, name or id; all waves.")
