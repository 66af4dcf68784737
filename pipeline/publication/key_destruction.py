"""A wave's key is destroyed: its tables about people cannot be opened any more, on this disk or in a copy of it.

Before it goes, who has a place is kept under a key of its own, so that nobody gets a second one. The record has a line
before anything is done. Prints of faces go with the key. Public files and the record stay, and prove the draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import COHORT
from pipeline.domain.errors import StoreError, WaveKeyDestroyedError
from pipeline.record import log
from pipeline.storage import files, key_ring, sealed_paths, task_sync, wave_lock
from pipeline.storage.paths import Store

_KINDS = ("work", "waves", "published")
#: The columns of a cohort that say who has a place; the others are left empty.
_KEPT = ("wave", "rank", "registration_id", "nik", "full_name")


@dataclass(frozen=True)
class Sealed:
    """What a wave's key opens: how many files, and how many people whose place stays known."""

    files: int
    places: int


def what_goes(store: Store, wave: Wave) -> Sealed:
    """Checks whether a wave's key can be destroyed, and what is lost with it. Raises StoreError,
    WaveKeyDestroyedError."""
    if wave_lock.holder_of(store, wave) is not None:
        raise StoreError(f"A run holds wave {wave.number}.", "Try again once it has ended.")
    store.pull(*(f"{kind}/{wave.key}/" for kind in _KINDS))
    if key_ring.is_destroyed(store.root, wave.key):
        # a kill may have left older versions in a store
        store.settle(store.key(key_ring.key_path(store.root, wave.key)))
        key_ring.opened(store.root, wave.key)  # raises with the date
        raise WaveKeyDestroyedError(f"The key of wave {wave.number} was destroyed.")
    if not store.revisions(wave.key):
        raise StoreError(f"Wave {wave.number} is not published.", "Its reviews and new photographs are still to come.")
    sealed, plain = _tables(store, wave)
    if not sealed:
        raise StoreError(f"Wave {wave.number} has no sealed tables.", "docs/how-to/encrypt.md says how to seal them.")
    if plain:
        names = ", ".join(store.key(path) for path in plain[:3])
        raise StoreError(
            f"{len(plain):,} tables of wave {wave.number} are not sealed and would stay readable: {names}.",
            "Delete them, or run and publish the wave again with encryption on.",
        )
    return Sealed(len(sealed), files.rows(store.revisions(wave.key)[-1] / "cohort.parquet") or 0)


def destroy(store: Store, wave: Wave, now: datetime) -> Sealed:
    """Destroys a wave's key. Killed in the middle, it is called again."""
    found = what_goes(store, wave)
    facts = {"files": found.files, "places": found.places}
    log.note_once(store, "key_destroyed", wave.number, facts)
    cohort = files.read_table(store.revisions(wave.key)[-1] / "cohort.parquet")
    kept = [cohort[f.name] if f.name in _KEPT else pa.nulls(cohort.num_rows, f.type) for f in COHORT]
    store.have_key_of(key_ring.PLACES)
    files.write_table(pa.table(dict(zip(COHORT.names, kept, strict=True))), store.places(wave.key), COHORT)
    store.push(store.key(store.places(wave.key)))
    for folder in (task_sync.KEPT_PRINTS, "work/descriptors/", task_sync.VERDICTS):
        store.remove_all(f"{folder}{wave.key}/")
    for key in store.keys(task_sync.VERDICTS):
        if key.endswith(".jsonl"):  # kept before encryption was on: its wave is not known
            store.remove(key)
    files.overwrite(key_ring.key_path(store.root, wave.key), key_ring.gone(store.root, wave.key, now))
    store.settle(store.key(key_ring.key_path(store.root, wave.key)))
    return found


def _tables(store: Store, wave: Wave) -> tuple[list[Path], list[Path]]:
    """A wave's tables about people: those under its key, and those that are not sealed."""
    sealed, plain = list[Path](), list[Path]()
    for kind in _KINDS:
        for path in sorted((store.root / kind / wave.key).rglob("*")):
            if path.is_file() and sealed_paths.is_about_people(path):
                under = sealed_paths.sealed_under(path)
                sealed += [path] if under == wave.key else []
                plain += [path] if under is None else []
    return sealed, plain
