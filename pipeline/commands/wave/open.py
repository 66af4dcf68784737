"""`gelombang open`: a wave's key and terms, committed to before anybody registers."""

from __future__ import annotations

from datetime import datetime

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, language_of
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import translator
from pipeline.storage.paths import Store


def open_(wave: WaveArgument, *, data: DataOption = None, language: LanguageOption = None) -> None:
    """Open a wave that is drawn by a beacon: make its key, and publish the terms, which cannot be changed afterwards.

    Example: gelombang open 13
    """
    from pipeline.wave_run.opening import commitment_key, open_wave

    t = translator(language_of(language))
    store = Store.at(data or settings().data)
    found = store.calendar().wave(wave)
    record, new = open_wave(store, found, datetime.now().astimezone())
    if record.get("demonstration"):
        say(t("opening.demonstration"), err=True)
    drawn = {"round": str(record["round"]), "beacon": record["beacon"], "at": record["round_at"]}
    where = f"{store.address}/{commitment_key(found)}"
    terms = t("opening.terms", quota=record["quota"], where=where, **drawn)
    say(t("opening.new" if new else "opening.before", wave=str(wave), terms=terms))
    if new:
        say(t("opening.keep"), err=True)
