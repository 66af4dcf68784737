"""`gelombang status`: the state of every wave, since when, what it waits for and what it takes on the disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from pipeline.commands.common.console import say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, language_of
from pipeline.domain.settings import settings
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, translator
from pipeline.reports.wave_states import WaveState, wave_states
from pipeline.storage.paths import Store

_COLUMNS = ("wave", "state", "since", "waits", "accepted", "megabytes")
#: Folders of a wave that this software fills; deliveries belong to their senders.
_OURS = ("work", "waves", "published", "descriptors")
_AHEAD = timedelta(days=14)


def status(
    *,
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the state of each wave, since when, what it waits for, and the disk space of runs and results.

    Example: gelombang status --language en
    """
    t, spoken = translator(language_of(language)), language_of(language)
    store, now = Store.at(data or settings().data), datetime.now().astimezone()
    calendar = store.calendar()
    found = wave_states(store, list(calendar.waves(until=(now + _AHEAD).date())), now)
    if not store.elsewhere:
        found = [replace(one, bytes=_bytes(store, f"wave-{one.wave:04d}")) for one in found]
    if as_json:
        say_json([one.to_json() for one in found], indent=1, default=str)
        return
    table = Table()
    for column in _COLUMNS:  # a run's long name is folded, never cut: it is what one looks for
        table.add_column(t(f"standing.{column}"), overflow="fold")
    for idle, one in _rows(store, found):
        if idle > 1:
            table.add_row(f"{one.wave - idle + 1}–{one.wave}", t("standing.closed"), "", t("standing.waits_delivery"))
            continue
        waits = t(f"standing.waits_{one.waits_for}")
        if one.held_by:
            waits += f" ({t('standing.held', run=one.held_by)})"
        table.add_row(
            str(one.wave),
            Text(one.says(spoken) + (f" · {t('standing.simulated')}" if one.simulated else "")),
            numbers.moment(one.since, spoken).removesuffix(" WIB") if one.since else "",
            Text(waits),
            _places(one, t, spoken),
            "" if one.bytes is None else numbers.decimal(one.bytes / 1e6, spoken),
        )
    wide_console().print(table)


class _Row(NamedTuple):
    """One row of the table."""

    idle: int  # how many waves without any data share it
    newest: WaveState


def _rows(store: Store, found: list[WaveState]) -> list[_Row]:
    """Each wave. Closed waves without any data share a row, except the newest."""
    rows: list[_Row] = []
    for one, after in zip(found, [*found[1:], None], strict=True):
        idle = _idle(store, one) and after is not None and after.state == "closed"
        before = rows[-1] if rows else None
        if idle and before and before.idle and before.newest.wave == one.wave - 1:
            rows[-1] = _Row(before.idle + 1, one)
        else:
            rows.append(_Row(int(idle), one))
    return rows


def _idle(store: Store, one: WaveState) -> bool:
    """Whether a closed wave has no data here: no delivery, no run, no file of ours."""
    came = store.elsewhere or (store.root / "landing" / f"wave-{one.wave:04d}").exists()
    return one.state == "closed" and not one.bytes and not came


def _places(one: WaveState, t: Translate, spoken: str) -> str:
    """The places of a wave. Of a published one with the run's: what the last screening made of it, or a newer run."""
    if one.published and one.published.accepted != one.accepted and one.accepted is not None:
        which = "places" if one.accepted == one.published.of_run else "newer_places"
        return t(f"standing.{which}", run=one.accepted, now=one.published.accepted)
    number = one.published.accepted if one.published else one.accepted
    return "" if number is None else numbers.integer(number, spoken)


def _bytes(store: Store, key: str) -> int:
    folders = [store.root / kind / key for kind in _OURS]
    return sum(path.lstat().st_size for folder in folders for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
