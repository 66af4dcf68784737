"""`gelombang access`: all data about one person, as a readable file, for that person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, LanguageOption, from_standard_input, language_of
from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.reports.language.labels import label
from pipeline.storage import files
from pipeline.storage.paths import Store


def access(
    out: Annotated[Path, typer.Argument(help="JSON file to write; its owner's alone. Give it to the person only.")],
    *,
    asked_by: Annotated[str, typer.Option(help="Who asked, and how it was seen that they are the person.")],
    data: DataOption = None,
    language: LanguageOption = None,
) -> None:
    """Write all that is held about one person, over all waves. The NIK comes by standard input.

    Example: gelombang access held.json --asked-by "letter of 3 March, passport seen" < nik.txt
    """
    from pipeline.inspection.person import asked, held_about

    spoken, store = language_of(language), Store.at(data or settings().data)
    what = asked(from_standard_input("NIK: "))
    if what.kind != "nik":
        raise BadSettingError("What was typed is no NIK.", "Type sixteen digits.")
    store.pull("waves/", "published/", "work/", "extracts/", keep=True)
    held = held_about(store, what.value)
    ids = sorted({row["registration_id"] for wave in held["waves"] for row in wave["decisions"]})
    log.note(store, "looked_up", None, {"registration_id": ", ".join(ids), "why": f"access: {asked_by}"})
    files.write_text(json.dumps(held, ensure_ascii=False, indent=1, default=str) + "\n", out)
    counts = {"waves": len(held["waves"]), "registers": len(held["registers"])}
    say(label("access.written", spoken, out=out, **counts))
