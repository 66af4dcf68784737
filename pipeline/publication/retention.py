"""What is no longer needed is deleted: photographs, the work of runs, logs, what came with objections; each deletion
leaves a line in the record.

A wave that is not published keeps everything: its reviews and new photographs are still to come. What proves a draw
(lists, decisions, manifest, publications, the record) stays. Deliveries of registers belong to whoever delivers them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError, UnknownWaveError
from pipeline.domain.settings import RetentionSettings
from pipeline.record import log
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class Due:
    """Data of one wave whose time is over: what it is, since when it is due, its files and their size in bytes."""

    wave: int
    what: str
    since: date
    paths: tuple[Path, ...]
    files: int
    bytes: int


def due(store: Store, periods: RetentionSettings, today: date) -> list[Due]:
    """What may go, wave by wave. Raises StoreError for a root that is no folder."""
    if store.elsewhere:
        raise StoreError(f"{store.address} is no folder.", "Set a lifecycle rule in the store, or purge a copy.")
    calendar, found = store.calendar(), list[Due]()
    for number in store.wave_numbers("landing", "work", "published"):
        try:
            wave = calendar.wave(number)
        except UnknownWaveError:
            continue  # nobody knows when it closed
        if wave_lock.holder_of(store, wave) is not None or not store.revisions(wave.key):
            continue
        for what, (days, paths) in _kinds(store, wave, periods).items():
            found += _due(number, what, wave.closing_day + timedelta(days=days), paths, today)
        decided = _objections(store, wave, today - timedelta(days=periods.objections_days))
        since = min(decided, default=today) + timedelta(days=periods.objections_days)
        found += _due(
            number, "objections", since, tuple(path for day in sorted(decided) for path in decided[day]), today
        )
    return found


def _due(wave: int, what: str, since: date, paths: tuple[Path, ...], today: date) -> list[Due]:
    """One kind of data as due, where there is any and its time is over."""
    files_ = [file for path in paths for file in _files(path)]
    if not files_ or since >= today:
        return []
    return [Due(wave, what, since, paths, len(files_), sum(file.lstat().st_size for file in files_))]


def purge(store: Store, found: list[Due]) -> None:
    """Deletes what is due. The line in the record comes first: nothing is ever gone without one."""
    for one in found:
        facts = {"what": one.what, "n": one.files, "bytes": one.bytes, "since": one.since.isoformat()}
        log.note(store, "deleted", one.wave, {**facts, "paths": [store.key(path) for path in one.paths]})
        for path in one.paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _kinds(store: Store, wave: Wave, periods: RetentionSettings) -> dict[str, tuple[int, tuple[Path, ...]]]:
    work = store.root / "work"
    logs = tuple(sorted(path for path in work.glob(f"{wave.key}.*") if path.suffix in (".log", ".jsonl")))
    return {
        "photographs": (periods.photographs_days, (store.landing(wave, "selfies"),)),
        "work": (periods.work_days, (work / wave.key,)),
        "logs": (periods.logs_days, logs),
    }


def _objections(store: Store, wave: Wave, before: date) -> dict[date, list[Path]]:
    """What came with objections that were decided before a day, by the day of the decision; open ones keep it."""
    found: dict[date, list[Path]] = {}
    for decision in sorted(store.landing(wave, "objections").glob("*/decision.json")):
        day = datetime.fromisoformat(files.read_json(decision)["at"]).date()
        if day < before:
            found.setdefault(day, []).extend(sorted(decision.parent.glob("evidence*")))
    return found


def _files(path: Path) -> list[Path]:
    if path.is_dir() and not path.is_symlink():
        return [file for file in path.rglob("*") if file.is_symlink() or file.is_file()]
    return [path] if path.is_symlink() or path.is_file() else []
