"""Deletes the data about one person that may be deleted, in all waves, and names the data that must stay, with the
reason.

The kinds of data and their reasons are ``erasure.toml``. Each deletion has its line in the record before it is done,
and a table that loses rows has its new hash there, so that an audit knows it. Killed in the middle, it is called again.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import UnknownWaveError
from pipeline.domain.settings import RetentionSettings
from pipeline.publication import erased_rows
from pipeline.record import log
from pipeline.selfie import cache
from pipeline.storage import files, task_sync, wave_lock
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import can_be_opened
from pipeline.wave_run import kept_prints

_LETTERS = ("notices.parquet", "notices.csv")


@dataclass(frozen=True)
class Held:
    """One kind of data about the person in one wave: how much of it, its place, and until when it stays."""

    wave: int | None
    what: str
    n: int
    paths: tuple[Path, ...] = ()
    keys: tuple[str, ...] = ()
    until: date | None = None

    @property
    def goes(self) -> bool:
        """Whether it is deleted."""
        return bool(catalogue()["part"][self.what]["goes"])


@dataclass(frozen=True)
class Person:
    """A person in one wave: their applications and the selfies that came with them."""

    nik: str
    ids: list[str]
    selfies: list[str]
    hashes: list[tuple[str, str | None]]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Any]:
    """Every kind of data, and the words of the command."""
    return tomllib.loads((resources.files("pipeline.publication") / "erasure.toml").read_text(encoding="utf-8"))


def held_about(store: Store, nik: str, periods: RetentionSettings) -> list[Held]:
    """All data about a person that can be found by their NIK, wave by wave. Raises StoreError."""
    store.pull("waves/", "published/", task_sync.KEPT_PRINTS)
    store.pull(task_sync.VERDICTS, keep=True)
    found: list[Held] = []
    for number in store.wave_numbers("landing", "work", "waves", "published"):
        try:
            found += _of_wave(store, store.calendar().wave(number), nik, periods)
        except UnknownWaveError:
            continue  # its closing day is not known
    if found:
        found += [Held(None, "registers", 1), Held(None, "record", len({one.wave for one in found}))]
    return found


def erase(store: Store, held: list[Held], ids: list[str], why: str, asked_by: str) -> None:
    """Deletes the parts that may be deleted, one by one."""
    for one in (one for one in held if one.goes and one.wave is not None):
        wave = store.calendar().wave(one.wave or 0)
        facts = {"registration_id": ", ".join(ids), "what": one.what, "n": one.n, "why": why, "asked_by": asked_by}
        if one.what in ("letters", "retry_data"):
            erased_rows.take_out(store, wave, one.paths, set(ids), facts)
            continue
        log.note(store, "erased", wave.number, facts)
        if one.what == "photographs":
            for path in one.paths:
                path.unlink(missing_ok=True)
                store.settle(store.key(path))
        elif one.what == "prints":
            for path in kept_prints.forget_people(store, wave, set(ids)):
                store.settle(store.key(path))
        else:
            for path in cache.forget(_kept(store), set(one.keys)):
                store.settle(store.key(path))


def ids_of(store: Store, nik: str) -> list[str]:
    """The registration_ids of a person's applications in every wave."""
    folders = [store.root / kind / key for kind in ("work", "waves") for key in _keys(store)]
    return sorted({id_ for folder in folders for id_ in _applications(folder, nik)})


def _keys(store: Store) -> list[str]:
    return [folder.name for kind in ("work", "waves") for folder in store.wave_folders(kind).values()]


def _of_wave(store: Store, wave: Wave, nik: str, periods: RetentionSettings) -> list[Held]:
    for part in ("registrations.parquet", "verdicts/", "out/"):
        store.pull(f"work/{wave.key}/{part}", keep=True)
    out, work = store.out(wave), store.root / "work" / wave.key
    if (out / "decisions.parquet").is_file() and not can_be_opened(out / "decisions.parquet"):
        return [Held(wave.number, "destroyed", 1)]
    who = _person(work, out, nik)
    if not who.ids:
        return []
    if not store.revisions(wave.key):
        return [Held(wave.number, "unpublished", len(who.ids))]
    if wave_lock.holder_of(store, wave) is not None:
        return [Held(wave.number, "held", len(who.ids))]
    of_run, revisions = [out, work / "out"], store.revisions(wave.key)
    letters = [path for folder in (*of_run, *revisions) for name in _LETTERS if (path := folder / name).is_file()]
    retries = [path for folder in of_run if (path := folder / "retries.parquet").is_file()]
    selfies, lines = _selfies(store, wave, who), _measured(store, out, who)
    goes = [
        Held(wave.number, "photographs", len(selfies), tuple(selfies)),
        Held(wave.number, "prints", kept_prints.kept_of(store, wave, set(who.ids))),
        Held(wave.number, "measurements", len(lines), keys=tuple(lines)),
        *(
            Held(wave.number, what, sum(erased_rows.rows_of(path, set(who.ids)) for path in paths), tuple(paths))
            for what, paths in (("letters", letters), ("retry_data", retries))
        ),
    ]
    placed = sum(erased_rows.rows_of(folder / "cohort.parquet", set(who.ids)) for folder in revisions)
    stays = [
        Held(wave.number, "decisions", len(who.ids)),
        Held(wave.number, "deliveries", len(who.ids)),
        *([Held(wave.number, "place", placed)] if placed else []),
    ]
    if (work / "registrations.parquet").is_file():
        until = wave.closing_day + timedelta(days=periods.work_days)
        stays.append(Held(wave.number, "work", len(who.ids), until=until))
    return [*(one for one in goes if one.n), *stays]


def _applications(folder: Path, nik: str) -> list[str]:
    path = next((p for name in ("registrations", "decisions") if (p := folder / f"{name}.parquet").is_file()), None)
    if path is None or not can_be_opened(path):
        return []
    found = files.read_table(path, ["registration_id"], pc.field("nik") == nik)
    return list(found["registration_id"].to_pylist())


def _person(work: Path, out: Path, nik: str) -> Person:
    ids = sorted({*_applications(work, nik), *_applications(out, nik)})
    mine = pc.field("registration_id").isin(pa.array(ids, pa.string()))
    applied = work / "registrations.parquet"
    rows = files.read_table(applied, ["selfie"], mine).to_pylist() if applied.is_file() and ids else []
    seen = [
        row
        for path in sorted((work / "verdicts").glob("*.parquet"))
        for row in files.read_table(path, ["selfie_sha256", "reference_sha256"], mine).to_pylist()
    ]
    hashes = [(row["selfie_sha256"], row["reference_sha256"]) for row in seen if row["selfie_sha256"]]
    return Person(nik, ids, sorted({row["selfie"] for row in rows if row["selfie"]}), hashes)


def _selfies(store: Store, wave: Wave, who: Person) -> list[Path]:
    """The person's files: below the wave's selfies, no links, and none that another person has too."""
    folder = store.landing(wave, "selfies")
    paths = {name: folder / name for name in who.selfies}
    real = {name: path for name, path in paths.items() if path.resolve().is_relative_to(folder.resolve())}
    own = {name: path for name, path in real.items() if store.has(store.key(path))}
    if not own:
        return []
    named = pc.field("selfie").isin(list(own)) & ~pc.field("registration_id").isin(pa.array(who.ids, pa.string()))
    others = files.read_table(store.root / "work" / wave.key / "registrations.parquet", ["selfie"], named)
    return [own[name] for name in sorted(own.keys() - set(others["selfie"].to_pylist()))]


def _measured(store: Store, out: Path, who: Person) -> list[str]:
    """Keys of the kept measurements of the person's selfies, as the run made them, that are there."""
    said = files.read_json(out / "manifest.json")
    if not said.get("selfie_policy") or not who.hashes:
        return []
    limits = cache.limits_text(*(said["settings"][f"photos.{name}"] for name in cache.LIMITS))
    model = said["selfie_policy"]["model"]
    wanted = {
        cache.key(bytes.fromhex(selfie), bytes.fromhex(other) if other else None, model, seen)
        for selfie, other in who.hashes
        for seen in (limits, cache.with_card(limits, who.nik))
    }
    return sorted(cache.kept_of(_kept(store), wanted))


def _kept(store: Store) -> cache.VerdictFolder:
    return cache.VerdictFolder(store.root / task_sync.VERDICTS, store.root)
