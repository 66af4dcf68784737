"""`gelombang status`: where every wave stands, since when, what it waits for and what it takes on the disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import translator
from pipeline.reports.standing import Standing, standings
from pipeline.storage.paths import Store

_COLUMNS = ("wave", "state", "since", "waits", "accepted", "megabytes")
#: What a wave has below the root that grows by our work; deliveries belong to whoever delivers them.
_OURS = ("work", "waves", "published", "descriptors")
_AHEAD = timedelta(days=14)


def status(
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where each wave stands, since when, what it waits for, and the disk that runs and results take.

    Example: gelombang status --language en
    """
    t, spoken = translator(language_of(language)), language_of(language)
    store, now = Store.at(data or settings().data), datetime.now().astimezone()
    calendar = store.calendar()
    found = standings(store, list(calendar.waves(until=(now + _AHEAD).date())), now)
    if not store.elsewhere:
        found = [replace(one, bytes=_bytes(store, f"wave-{one.wave:04d}")) for one in found]
    if as_json:
        say_json([one.to_json() for one in found], indent=1, default=str)
        return
    table = Table(*(t(f"standing.{column}") for column in _COLUMNS))
    for one in found:
        waits = t(f"standing.waits_{one.waits_for}")
        if one.held_by:
            waits += f" ({t('standing.held', run=one.held_by)})"
        table.add_row(
            str(one.wave),
            Text(one.says(spoken) + (f" · {t('standing.simulated')}" if one.simulated else "")),
            t("standing.moment", moment=one.since) if one.since else "",
            Text(waits),
            _places(
                one, t("standing.places", run=one.accepted or 0, now=one.published.accepted) if one.published else ""
            ),
            "" if one.bytes is None else f"{one.bytes / 1e6:,.1f}",
        )
    wide_console().print(table)


def _places(one: Standing, changed: str) -> str:
    if one.published and one.published.accepted != one.accepted and one.accepted is not None:
        return changed
    number = one.published.accepted if one.published else one.accepted
    return "" if number is None else f"{number:,}"


def _bytes(store: Store, key: str) -> int:
    folders = [store.root / kind / key for kind in _OURS]
    return sum(path.lstat().st_size for folder in folders for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
