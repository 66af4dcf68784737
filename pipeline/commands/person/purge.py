"""`gelombang purge`: deletes what is kept longer than its period says, and says first what it would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of, wave_option
from pipeline.domain.settings import settings
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import translator
from pipeline.storage.paths import Store


def purge(
    *,
    data: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wave: Annotated[int | None, wave_option("With --destroy-key: the wave.")] = None,
    destroy_key: Annotated[
        bool, typer.Option("--destroy-key", help="Destroy the key of --wave: its sealed tables cannot be opened again.")
    ] = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete selfies, work, letters and logs of published waves whose time is over. What proves the draw stays, and
    what open cases and objections are decided by.

    A sealed wave goes as a whole with its key: gelombang purge --wave 12 --destroy-key

    Example: gelombang purge --dry-run
    """
    from pipeline.publication import retention

    spoken, store = language_of(language), Store.at(data or settings().data)
    t = translator(spoken)
    if destroy_key or wave is not None:
        if not destroy_key or wave is None:
            raise typer.BadParameter("--wave and --destroy-key are given together.")
        _destroy_key(store, wave, t, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    found = retention.due(store, settings().retention, datetime.now().astimezone().date())
    going, kept = [one for one in found if one.waiting is None], retention.kept(found)
    if as_json:
        rows = [{name: value for name, value in asdict(o).items() if name != "paths"} for o in found]
        say_json(rows, indent=1, default=str)
    elif going:
        table = Table(*(t(f"purge.{column}") for column in ("wave", "what", "since", "files", "megabytes")))
        for o in going:
            counts = numbers.integer(o.files, spoken), numbers.decimal(o.bytes / 1e6, spoken)
            table.add_row(str(o.wave or "–"), t(f"purge.{o.what}"), str(o.since), *counts)
        wide_console().print(table)
    for number, who in kept.items():
        what = ", ".join(t(f"purge.{o.what}") for o in found if o.wave == number and o.waiting)
        say(t("purge.kept", wave=str(number), what=what, **asdict(who)), err=as_json)
    if not going or dry_run:
        say(t("purge.would" if going else "purge.nothing_else" if kept else "purge.nothing"), err=as_json)
        return
    if not yes:
        typer.confirm(t("purge.sure"), abort=True)
    retention.purge(store, found)
    say(t("purge.done"), err=as_json)


def _destroy_key(store: Store, number: int, t: Callable[..., str], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Says what goes, asks, and destroys a wave's key."""
    from pipeline.publication import key_destruction

    wave = store.calendar().wave(number)
    found = key_destruction.what_goes(store, wave)
    if as_json:
        say_json({"wave": number, "files": found.files, "places": found.places})
    else:
        say(t("purge.key", wave=number, files=found.files, places=found.places))
    if dry_run:
        say(t("purge.would"), err=as_json)
        return
    if not yes:
        typer.confirm(t("purge.key_sure", wave=number), abort=True)
    key_destruction.destroy(store, wave, datetime.now().astimezone())
    say(t("purge.key_done"), err=as_json)
