"""A new master key: every wave's key is wrapped under it. No table is rewritten.

The record has a line before anything is done. Until it is done, both master keys open what they wrapped; killed in the
middle, it is called again. Where the master key is a file, the new one takes its place at the end; the old one is kept
beside it, for another data root may have keys under it, until it is destroyed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import BadSettingError, MasterKeyError, StoreError
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.storage import files, key_ring, sealed, wave_lock
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class Keys:
    """The keys that were not destroyed, by name; those that are to be wrapped under the new one; whether that is still
    to be made."""

    every: tuple[str, ...]
    todo: tuple[str, ...]
    begins: bool = False


def keys_of(store: Store) -> Keys:
    """Finds the keys that there are. Raises StoreError, MasterKeyError; BadSettingError where no new key is given."""
    chosen = settings().encryption
    given = chosen.master_key.get_secret_value()
    if given and chosen.next_master_key.get_secret_value() in ("", given) and not chosen.key_service:
        raise BadSettingError(
            "The master key is in GELOMBANG_ENCRYPTION__MASTER_KEY, and no other is given to take its place.",
            "Set GELOMBANG_ENCRYPTION__NEXT_MASTER_KEY for every process: docs/how-to/encrypt.md.",
        )
    if held := wave_lock.held_waves(store):
        raise StoreError(f"A run holds {', '.join(held)}.", "Change the master key once it has ended.")
    under = _under(store)
    if not under:
        return Keys((), ())
    todo = _not_under(key_ring.masters(store.root)[0].name, under)
    begins = bool(chosen.key_service) or (_in_file() and not _file(key_ring.NEXT).exists() and not todo)
    return Keys(tuple(under), tuple(under) if begins else todo, begins)


def rotate(store: Store) -> tuple[Keys, str]:
    """Changes the master key; which keys it is, and its name."""
    if not (found := keys_of(store)).every:
        return found, ""
    if _in_file() and found.begins:
        sealed.make_private(_file(key_ring.NEXT), secrets.token_bytes(sealed.KEY_BYTES))
    new = key_ring.masters(store.root)[0].name
    facts = {"keys": len(found.every), "new": new}
    if settings().encryption.key_service:  # whose name stays the same
        log.note(store, "master_key_changed", None, facts)
    else:
        log.note_once(store, "master_key_changed", None, facts)
    for name in found.todo:
        files.overwrite(key_ring.key_path(store.root, name), key_ring.wrapped_anew(store.root, name))
        store.settle(store.key(key_ring.key_path(store.root, name)))
    if left := _not_under(new, _under(store)):
        raise StoreError(f"{', '.join(left)} came while the master key was changed.", "Change it again.")
    if _in_file() and _file(key_ring.NEXT).exists():
        _take_its_place()
    return found, new


def destroy_older(store: Store) -> list[str]:
    """Destroys the files of older master keys; their names. Raises MasterKeyError where a key here is under one."""
    older = {sealed.name_of(_file(name).read_bytes()): name for name in key_ring.older()}
    if needed := sorted(name for name, lord in _under(store).items() if lord in older):
        raise MasterKeyError(
            f"{', '.join(needed)} can be opened with an older master key alone.", "Call `gelombang rotate-key` first."
        )
    for name in older.values():
        files.overwrite(_file(name), bytes(sealed.KEY_BYTES))
        _file(name).unlink()
    return sorted(older.values())


def _take_its_place() -> None:
    """The new master key is the master key's file, and the old one has a file of its own."""
    old, new = _file(key_ring.MASTER).read_bytes(), _file(key_ring.NEXT).read_bytes()
    if old != new:
        sealed.make_private(_file(f"{key_ring.MASTER}-{sealed.name_of(old)}"), old)
        files.overwrite(_file(key_ring.MASTER), new)
    _file(key_ring.NEXT).unlink()


def _under(store: Store) -> dict[str, str]:
    """The keys that were not destroyed, and the names of the master keys that they are wrapped under."""
    store.pull(f"{key_ring.FOLDER}/")
    names = sorted(path.stem for path in (store.root / key_ring.FOLDER).glob("*.json"))
    return {name: lord for name in names if (lord := key_ring.master_of(store.root, name)) is not None}


def _not_under(master: str, under: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name, lord in under.items() if lord != master)


def _in_file() -> bool:
    """Whether the master key is a file of this installation."""
    chosen = settings().encryption
    given = chosen.master_key.get_secret_value() or chosen.next_master_key.get_secret_value()
    return not chosen.key_service and not given


def _file(name: str) -> Path:
    return sealed.key_file(settings().secrets, name)
