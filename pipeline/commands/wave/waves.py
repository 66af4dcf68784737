"""`gelombang waves`: the calendar, and the state of each wave."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rich.table import Table

from pipeline.commands.common.console import say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of
from pipeline.domain.settings import settings
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import translator
from pipeline.reports.wave_states import wave_states
from pipeline.storage.paths import Store

_COLUMNS = ("wave", "opens", "closes", "quota", "selfie", "policy", "state")


def waves(*, data: DataOption = None, language: LanguageOption = None, as_json: JsonOption = False) -> None:
    """List the waves of the calendar, up to half a year from today, and which have been run and published.

    Example: gelombang waves
    """
    spoken = language_of(language)
    t = translator(spoken)
    store = Store.at(data or settings().data)
    calendar = store.calendar()
    found = calendar.waves(until=date.today() + timedelta(days=183))
    states = wave_states(store, found, datetime.now().astimezone())
    if as_json:
        rows = [
            {
                "wave": wave.number, "opens": wave.opens.isoformat(), "closes": wave.closes.isoformat(),
                "quota": wave.quota, "selfie": wave.selfie, "policy": wave.policy, "state": one.state,
                "revision": one.published.revision if one.published else None,
            }
            for wave, one in zip(found, states, strict=True)
        ]  # fmt: skip
        say_json(rows, indent=1)
        return
    table = Table(*(t(f"waves.{column}") for column in _COLUMNS))
    for wave, one in zip(found, states, strict=True):
        table.add_row(
            str(wave.number), f"{wave.opens:%Y-%m-%d %H:%M}", f"{wave.closes:%Y-%m-%d %H:%M}",
            numbers.integer(wave.quota, spoken), wave.selfie, wave.policy, one.says(spoken),
        )  # fmt: skip
    wide_console().print(table)
