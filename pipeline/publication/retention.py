"""Deletes what is no longer needed: photographs, the work of runs, logs, letters, evidence of objections. Each deletion
leaves a line in the record.

A wave that is not published keeps everything: its reviews and new photographs are still to come. A published one keeps
what its open cases and objections are decided by (``retention_hold.py``), as long as there are any. The proof of a draw
(lists, decisions, manifest, publications, the record) stays. Deliveries of registers belong to their senders.
With encryption on, older files that are not sealed under their wave's key are deleted at once, or sealed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import UnknownWaveError
from pipeline.domain.settings import RetentionSettings, settings
from pipeline.domain.wave_keys import wave_number
from pipeline.publication.retention_hold import HELD, Waiting, waiting
from pipeline.record import log
from pipeline.storage import files, task_sync, wave_lock
from pipeline.storage.paths import Store
from pipeline.wave_run import kept_prints

#: Not deleted: sealed under the key of their wave, in their own place.
SEALED_ANEW = "older_prints"
#: Where a wave's work lies.
_WORK = ("work", task_sync.VERDICTS, "work/descriptors")
_COHORT = re.compile(r"published/(wave-\d{4})/rev-\d+/cohort\.parquet")


@dataclass(frozen=True)
class Due:
    """Data whose time is over: of which wave (None: of no wave alone), what it is, since when it is due, its files and
    their size in bytes. ``waiting``: the people for whose sake it is kept nevertheless."""

    wave: int | None
    what: str
    since: date
    paths: tuple[Path, ...]
    files: int
    bytes: int
    waiting: Waiting | None = None


def due(store: Store, periods: RetentionSettings, today: date) -> list[Due]:
    """What is due, wave by wave, also where it is kept for people who wait; last what is from before encryption was on.
    Raises StoreError."""
    calendar, found = store.calendar(), list[Due]()
    logs = _files(store, store.root / "work", r"wave-\d{4}\.(.*\.)?(log|jsonl)")
    for key in _published(store):
        try:
            wave = calendar.wave(wave_number(key) or 0)
        except UnknownWaveError:
            continue  # its closing day is not known
        if wave_lock.holder_of(store, wave) is not None:
            continue
        of_wave = list[Due]()
        kinds: dict[str, tuple[int, tuple[Path, ...]]] = {
            "photographs": (periods.photographs_days, (store.landing(wave, "selfies"),)),
            "work": (periods.work_days, tuple(store.root / folder / key for folder in _WORK)),
            "letters": (periods.letters_days, tuple(_letters(store, wave))),
            "logs": (periods.logs_days, tuple(path for path in logs if path.name.startswith(f"{key}."))),
        }
        for what, (days, paths) in kinds.items():
            of_wave += _due(
                store, wave.number, what, since=wave.closing_day + timedelta(days=days), paths=paths, today=today
            )
        found += _kept_for(store, wave, of_wave)
        decided = _objections(store, wave, today - timedelta(days=periods.objections_days))
        since = min(decided, default=today) + timedelta(days=periods.objections_days)
        paths = tuple(path for day in sorted(decided) for path in decided[day])
        found += _due(store, wave.number, "objections", since=since, paths=paths, today=today)
    if settings().encryption.at_rest and not wave_lock.held_waves(store):
        for number, what, paths in _before_encryption(store):
            found += _due(store, number, what, since=today - timedelta(days=1), paths=paths, today=today)
    return found


def _due(store: Store, wave: int | None, what: str, *, since: date, paths: tuple[Path, ...], today: date) -> list[Due]:
    """One kind of data as due, where there is any and its time is over."""
    if since >= today:
        return []
    sizes = {key: size for path in paths for key, size in store.sizes(path).items()}
    return [Due(wave, what, since, paths, len(sizes), sum(sizes.values()))] if sizes else []


def _kept_for(store: Store, wave: Wave, found: list[Due]) -> list[Due]:
    """What is due of a wave, with the people who wait for what they are decided by."""
    who = waiting(store, wave) if any(one.what in HELD for one in found) else None
    return [replace(one, waiting=who) if one.what in HELD else one for one in found]


def kept(found: list[Due]) -> dict[int, Waiting]:
    """The waves that keep what is due, and who waits in each."""
    return {one.wave: one.waiting for one in found if one.wave is not None and one.waiting is not None}


def purge(store: Store, found: list[Due]) -> None:
    """Deletes what is due and not kept for anybody. The line in the record comes first: nothing is ever gone without
    one. Killed in the middle, what is left is due again."""
    for one in (one for one in found if one.waiting is None):
        facts = {"what": one.what, "n": one.files, "bytes": one.bytes, "since": one.since.isoformat()}
        facts |= {"paths": [store.key(path) for path in one.paths]}
        log.note(store, "sealed_anew" if one.what == SEALED_ANEW else "deleted", one.wave, facts)
        for path in one.paths:
            if one.what == SEALED_ANEW:
                store.have_key_of(path.parent.name)
                kept_prints.seal_anew(store, path)
                store.settle(store.key(path))
            else:
                store.delete(path)


def _published(store: Store) -> list[str]:
    """The keys of the waves that have a published revision, in order."""
    if not store.elsewhere:
        return [folder.name for folder in store.wave_folders("published").values() if store.revisions(folder.name)]
    keys, found = set(store.keys("published/")), set[str]()
    for named in filter(None, map(_COHORT.fullmatch, keys)):
        folder = named[0].removesuffix("cohort.parquet")
        if f"{folder}.unfinished" not in keys or f"{folder}publication.json" in keys:
            found.add(named[1])
    return sorted(found)


def _letters(store: Store, wave: Wave) -> list[Path]:
    """Letters of the run and of every revision, and the applications that wait for a new photograph."""
    folders = [store.out(wave), *(store.published(wave.key) / name for name in _revisions(store, wave))]
    return [path for folder in folders for path in _files(store, folder, r"(notices|retries)\..+")]


def _revisions(store: Store, wave: Wave) -> list[str]:
    keys = store.keys(f"published/{wave.key}/") if store.elsewhere else []
    here = [folder.name for folder in store.published(wave.key).glob("rev-*")]
    return sorted({*here, *(key.split("/")[2] for key in keys if key.count("/") == 3)})


def _objections(store: Store, wave: Wave, before: date) -> dict[date, list[Path]]:
    """What came with objections that were decided before a day, by the day of the decision; open ones keep it."""
    folder, found = store.landing(wave, "objections"), dict[date, list[Path]]()
    store.pull(f"{store.key(folder)}/", only=("decision.json",))
    for decision in sorted(folder.glob("*/decision.json")):
        day = datetime.fromisoformat(files.read_json(decision)["at"]).date()
        if day < before:
            found.setdefault(day, []).extend(_files(store, decision.parent, "evidence.*"))
    return found


def _before_encryption(store: Store) -> Iterator[tuple[int | None, str, tuple[Path, ...]]]:
    """Files from before encryption was on: plain measurements, and prints that are not sealed under the key of their
    wave. Measurements and prints of runs are made again when they are needed."""
    yield None, "measurements", tuple(_files(store, store.root / task_sync.VERDICTS, r".*\.jsonl"))
    store.pull(task_sync.KEPT_PRINTS)
    store.pull("work/descriptors/", keep=True)
    yield None, "run_prints", tuple(kept_prints.of_runs_before_encryption(store))
    for path in kept_prints.before_encryption(store):
        yield wave_number(path.parent.name), SEALED_ANEW, (path,)


def _files(store: Store, folder: Path, named: str) -> list[Path]:
    """The files of a folder, but for those further below, whose whole names are so."""
    inside = {path for path in folder.glob("*") if path.is_file()}
    if store.elsewhere:
        inside |= {store.root / key for key in store.keys(f"{store.key(folder)}/")}
    return sorted(path for path in inside if path.parent == folder and re.fullmatch(named, path.name))
