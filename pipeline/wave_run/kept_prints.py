"""Prints of accepted people, kept by published wave under a retention date, so that later waves can be compared.

One sealed file ``descriptors/wave-NNNN/rev-N.sealed`` for the newest published revision of a wave: who, and their
prints. It is deleted when its date is past. After that date it is not read, even where it is not deleted yet.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import SealedFileError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import wave_key
from pipeline.selfie.one_against_all.prints import record
from pipeline.storage import files, key_ring
from pipeline.storage.paths import Store
from pipeline.storage.sealed import SealedWriter, blocks_of, header_of, key_at
from pipeline.storage.sealed import name_of as sealed_name

FORMAT = "gelombang kept prints 1"
_PER_BLOCK = 10_000
#: In the header of what is sealed under the key of its wave.
_UNDER = "under"


@dataclass(frozen=True)
class KeptPrints:
    """The accepted of one published wave: registration_id and selfie of each, and their prints in the same order."""

    wave: int
    revision: int
    until: date
    model: str
    people: list[tuple[str, str]]
    prints: NDArray[np.void]


def keep(
    store: Store,
    wave: Wave,
    *,
    revision: int,
    model: str,
    people: Sequence[tuple[str, str]],
    prints: NDArray[np.void],
    published: date,
) -> Path:
    """Keeps a published revision's prints, and deletes those of the revisions before it."""
    until = published + timedelta(days=settings().selfie.keep_descriptors_days)
    target = _write(store, KeptPrints(wave.number, revision, until, model, list(people), prints))
    forget(store, wave, but=target)
    return target


def kept_of(store: Store, wave: Wave, ids: Collection[str]) -> int:
    """How many prints of these applications are kept of a wave."""
    kept = [_read(store, path) for path in _opening(store) if path.parent.name == wave.key]
    return sum(id_ in ids for one in kept for id_, _ in one.people)


def forget_people(store: Store, wave: Wave, ids: Collection[str]) -> list[Path]:
    """Keeps a wave's prints without those of these applications; the files that changed or went."""
    changed: list[Path] = []
    for path in _opening(store):
        if path.parent.name != wave.key:
            continue
        kept = _read(store, path)
        stay = [n for n, (id_, _) in enumerate(kept.people) if id_ not in ids]
        if len(stay) == len(kept.people):
            continue
        changed.append(path)
        if stay:
            _write(store, replace(kept, people=[kept.people[n] for n in stay], prints=kept.prints[stay]))
        else:
            path.unlink(missing_ok=True)
    return changed


def _write(store: Store, kept: KeptPrints) -> Path:
    """Seals prints, whole or not at all."""
    target = _folder(store, wave_key(kept.wave)) / f"rev-{kept.revision}.sealed"
    header = {"format": FORMAT, "wave": kept.wave, "revision": kept.revision, "until": kept.until.isoformat()}
    header |= {"model": kept.model, "dimensions": int(kept.prints["face"].shape[1])}
    if settings().encryption.at_rest:  # the prints go with the wave's key
        header, key = {**header, _UNDER: "wave"}, key_ring.made(store.root, wave_key(kept.wave))
    else:
        key = key_at(settings().secrets, store.root)
    with files.atomic(target) as part:
        target.parent.chmod(0o700)
        part.unlink(missing_ok=True)
        sealed = SealedWriter(part, key, header)
        sealed.add(json.dumps([list(person) for person in kept.people], ensure_ascii=False).encode())
        for start in range(0, len(kept.prints), _PER_BLOCK):
            sealed.add(kept.prints[start : start + _PER_BLOCK].tobytes())
    return target


def forget(store: Store, wave: Wave, but: Path | None = None) -> None:
    """Deletes the kept prints of a wave, except one file."""
    for path in _folder(store, wave.key).glob("*.sealed"):
        if path != but:
            path.unlink(missing_ok=True)


def of_earlier_waves(store: Store, wave: Wave, today: date) -> list[KeptPrints]:
    """What is kept of every wave before one and may still be read. Raises SealedFileError, naming the file."""
    found = []
    for path in _opening(store):
        if _until(path) >= today and path.parent.name < wave.key:
            found.append(_read(store, path))
    return found


def before_encryption(store: Store) -> list[Path]:
    """What is sealed under a key of this installation and not its wave's: it would not go with that."""
    return [path for path in _opening(store) if _UNDER not in header_of(path)]


def of_runs_before_encryption(store: Store) -> list[Path]:
    """Prints of runs under a key of this installation. Once encryption is on they are no longer read."""
    found = sorted((store.root / "work" / "descriptors").glob("wave-*/*.sealed"))
    if not found:
        return []
    key = sealed_name(key_at(settings().secrets, store.root))
    return [path for path in found if header_of(path).get("key") == key]


def seal_anew(store: Store, path: Path) -> None:
    """Puts the same prints, sealed under the key of their wave, in a file's place. Raises SealedFileError."""
    if not settings().encryption.at_rest:
        raise SealedFileError(f"{path} cannot be sealed under its wave's key: encryption is off.")
    _write(store, _read(store, path))


def delete_expired(store: Store, today: date) -> int:
    """Deletes what may no longer be kept; returns how many waves' prints that were.

    With them go prints of runs that were not published within the same time, or a month.
    """
    expired = [path for path in _kept(store) if _until(path) < today]
    for path in expired:
        path.unlink(missing_ok=True)
    oldest = today - timedelta(days=max(30, settings().selfie.keep_descriptors_days))
    for path in (store.root / "work" / "descriptors").glob("wave-*/*.sealed"):
        if date.fromtimestamp(path.stat().st_mtime) < oldest:
            path.unlink(missing_ok=True)
    return len(expired)


def _read(store: Store, path: Path) -> KeptPrints:
    header = header_of(path)
    own = _UNDER in header
    key = key_ring.opened(store.root, path.parent.name) if own else key_at(settings().secrets, store.root)
    blocks = list(blocks_of(path, key))
    try:
        people = [(str(id_), str(selfie)) for id_, selfie in json.loads(blocks[0])]
        prints = np.frombuffer(b"".join(blocks[1:]), record(int(header["dimensions"])))
        named = int(header["wave"]), int(header["revision"]), _until(path), str(header["model"])
    except (ValueError, KeyError, IndexError, TypeError) as e:
        raise SealedFileError(f"{path} is damaged.") from e
    if len(people) != len(prints):
        raise SealedFileError(f"{path} was cut off.")
    return KeptPrints(*named, people, prints)


def _until(path: Path) -> date:
    try:
        return date.fromisoformat(str(header_of(path)["until"]))
    except (KeyError, ValueError) as e:
        raise SealedFileError(f"{path} names no day until which it may be kept.") from e


def _kept(store: Store) -> list[Path]:
    return sorted(_folder(store, "").glob("wave-*/rev-*.sealed"))


def _opening(store: Store) -> list[Path]:
    """Those that can be opened: not a copy of what went with a wave's key."""
    return [path for path in _kept(store) if not key_ring.is_destroyed(store.root, path.parent.name)]


def _folder(store: Store, key: str) -> Path:
    return store.root / "descriptors" / key
