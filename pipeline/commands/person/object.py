"""`gelombang object`: takes an objection to a decision in, lists objections, and decides one by a second person."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.commands.common.options import (
    DataOption,
    JsonOption,
    LanguageOption,
    WaveArgument,
    finished,
    language_of,
    wave_option,
)
from pipeline.domain.calendar import WIB
from pipeline.domain.errors import BadObjectionError
from pipeline.runtime.system_user import user_name


def object_(
    wave: WaveArgument,
    registration_id: Annotated[str | None, typer.Argument(help="The application's registration_id.")] = None,
    *,
    evidence: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file: letter, photo.")] = None,
    text: Annotated[str, typer.Option(help="What the applicant says, where there is no file.")] = "",
    why: Annotated[str, typer.Option(help="In a few words, for the record; no name, no number.")] = "",
    decide: Annotated[str | None, typer.Option(metavar="accept|reject", help="Decide it, as a second person.")] = None,
    note: Annotated[str, typer.Option(help="What the answer says beside.")] = "",
    into: Annotated[int | None, wave_option("The open wave that the new photograph takes part in.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="The wave's objections with their deadlines.")] = False,
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in an objection to a decision, list the objections of a wave, or decide one.

    Example: gelombang object 12 0012-00000123 --evidence photo.jpg --why "says the photo is recent"
    """
    from pipeline.reports.language.labels import label
    from pipeline.review import objections

    spoken = language_of(language)
    store, this, _ = finished(data, wave)
    now, by = datetime.now(WIB), user_name()
    if listed or registration_id is None:
        found = objections.objections(store, this)
    elif decide is not None:
        if decide not in ("accept", "reject"):
            raise BadObjectionError(f"“{decide}” decides nothing.", "Write --decide accept or --decide reject.")
        target = store.calendar().wave(into) if into else None
        accept = decide == "accept"
        found = [objections.decide(store, this, registration_id, accept=accept, note=note, by=by, now=now, into=target)]
    else:
        if evidence is None and not text.strip():
            raise BadObjectionError("An objection comes with its evidence.", "Give --evidence FILE or --text.")
        name, content = (evidence.name, evidence.read_bytes()) if evidence else ("said.txt", text.encode())
        found = [objections.take_in(store, this, registration_id, name=name, evidence=content, why=why, by=by, now=now)]
    if as_json:
        say_json([asdict(one) for one in found], indent=1)
        return
    if not found:
        say(label("objection.none", spoken, wave=str(wave)))
        return
    heads = ("number", "application", "about", "deadline", "state")
    table = Table(*(label(f"objection.{head}", spoken) for head in heads))
    for one in found:
        state = one.decided.decision if one.decided else "late" if one.late(now.date()) else "open"
        shown = (str(one.number), one.registration_id, label(f"objection.{one.about}", spoken), one.deadline)
        table.add_row(*(Text(value) for value in shown), label(f"objection.{state}", spoken))
    wide_console().print(table)
    say(str(store.root / objections.folder(this)))
