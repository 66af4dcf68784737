"""`gelombang erase`: deletes the data about one person that may be deleted, and names the rest with the reason."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, from_standard_input, language_of
from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.reports.language import numbers
from pipeline.storage.paths import Store


def erase(
    *,
    asked_by: Annotated[str, typer.Option(help="Who asked, and how it was seen that they are the person.")],
    why: Annotated[str, typer.Option(help="Why it is erased; the record keeps it with who did it.")],
    data: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted, and what stays.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what may be deleted of one person, over all waves, and say what stays. The NIK comes by standard input.

    gelombang erase --asked-by "herself, with her KTP" --why "UU PDP art. 8" --dry-run
    """
    from pipeline.inspection.person import asked
    from pipeline.publication import erasure

    spoken, store = language_of(language), Store.at(data or settings().data)
    what = asked(from_standard_input("NIK: "))
    if what.kind != "nik":
        raise BadSettingError("What was typed is no NIK.", "Type sixteen digits.")
    words = {key: text[spoken] for key, text in erasure.catalogue()["word"].items()}
    held = erasure.held_about(store, what.value, settings().retention)
    ids = erasure.ids_of(store, what.value)
    log.note(store, "looked_up", None, {"registration_id": ", ".join(ids), "why": f"erase: {asked_by}. {why}"})
    _show(held, spoken, words, as_json=as_json)
    if dry_run or not any(one.goes for one in held):
        say(words["dry" if any(one.goes for one in held) else "nothing"], err=as_json)
        return
    if not yes:
        typer.confirm(words["sure"], abort=True, err=as_json)
    erasure.erase(store, held, ids, why, asked_by)
    say(words["done"], err=as_json)


def _show(held: list[Any], spoken: str, words: dict[str, str], *, as_json: bool) -> None:
    from pipeline.publication import erasure

    part = erasure.catalogue()["part"]
    if as_json:
        rows = [
            {name: getattr(one, name) for name in ("wave", "what", "n", "goes", "until")}
            | {"why": part[one.what][f"why_{spoken}"]}
            for one in held
        ]
        say_json(rows, indent=1, default=str)
        return
    table = Table(*(words[name] for name in ("wave", "what", "number", "fate", "why")))
    for one in held:
        fate = words["would_go" if one.goes else "stays"] + _until(one.until, words)
        about = part[one.what]
        table.add_row(str(one.wave or ""), about[spoken], numbers.integer(one.n, spoken), fate, about[f"why_{spoken}"])
    wide_console().print(table)


def _until(day: date | None, words: dict[str, str]) -> str:
    return f" {words['until'].format(day=day)}" if day else ""
