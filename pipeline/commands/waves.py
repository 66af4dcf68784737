"""`gelombang waves`: the calendar, and what became of each wave."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rich.table import Table

from pipeline.commands.common.console import wide_console
from pipeline.commands.common.options import DataOption
from pipeline.domain.settings import settings
from pipeline.reports.standing import standings
from pipeline.storage.paths import Store


def waves(data: DataOption = None) -> None:
    """List the waves of the calendar, up to half a year from today, and which have been run and published."""
    store = Store.at(data or settings().data)
    calendar = store.calendar()
    found = calendar.waves(until=date.today() + timedelta(days=183))
    where = standings(store, found, datetime.now().astimezone())
    table = Table("wave", "opens", "closes", "quota", "selfie", "policy", "state")
    for wave, one in zip(found, where, strict=True):
        table.add_row(
            str(wave.number), f"{wave.opens:%a %Y-%m-%d %H:%M}", f"{wave.closes:%a %Y-%m-%d %H:%M}",
            f"{wave.quota:,}", wave.selfie, wave.policy, one.says("en"),
        )  # fmt: skip
    wide_console().print(table)
