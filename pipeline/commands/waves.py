"""`gelombang waves`: the calendar, and what became of each wave."""

from __future__ import annotations

import json
from datetime import date, timedelta

import typer
from rich.table import Table

from pipeline.commands.common.console import wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of
from pipeline.domain.settings import settings
from pipeline.storage.paths import Store

_HEAD = {
    "id": ("gelombang", "dibuka", "ditutup", "kuota", "swafoto", "kebijakan", "keadaan"),
    "en": ("wave", "opens", "closes", "quota", "selfie", "policy", "state"),
}
_STATE = {"id": {"run": "dijalankan", "published": "diumumkan"}, "en": {"run": "run", "published": "published"}}


def waves(data: DataOption = None, language: LanguageOption = None, as_json: JsonOption = False) -> None:
    """List the waves of the calendar, up to half a year from today, and which have been run and published.

    Example: gelombang waves
    """
    spoken = language_of(language)
    store = Store.at(data or settings().data)
    calendar = store.calendar()
    store.pull("waves/", "published/", only=("manifest.json", "publication.json", "cohort.parquet"))
    found = []
    for wave in calendar.waves(until=date.today() + timedelta(days=183)):
        revisions = store.revisions(wave.key)
        done = "run" if (store.out(wave) / "manifest.json").is_file() else ""
        state, revision = ("published", revisions[-1].name) if revisions else (done, "")
        found.append((wave, state, revision))
    if as_json:
        rows = [
            {
                "wave": wave.number, "opens": wave.opens.isoformat(), "closes": wave.closes.isoformat(),
                "quota": wave.quota, "selfie": wave.selfie, "policy": wave.policy, "state": state, "revision": revision,
            }
            for wave, state, revision in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(*_HEAD[spoken])
    for wave, state, revision in found:
        told = ", ".join(part for part in (_STATE[spoken].get(state, ""), revision) if part)
        table.add_row(
            str(wave.number), f"{wave.opens:%Y-%m-%d %H:%M}", f"{wave.closes:%Y-%m-%d %H:%M}",
            f"{wave.quota:,}", wave.selfie, wave.policy, told,
        )  # fmt: skip
    wide_console().print(table)
