"""The record of a data root: ``record/00000001.json`` and so on, one signed entry each, made once and never changed.

Where many machines write at the same time, each entry gets a number of its own. The newest entry's number and hash are
also kept with the installation's keys, outside the root, so that a record without its last entries is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline import __version__
from pipeline.domain.errors import GelombangError, KeyLostError, StoreError, WrongKeyError
from pipeline.domain.settings import settings
from pipeline.record.entry import NOTHING, Entry, Event, digest, without_numbers
from pipeline.record.entry_cache import EntryCache
from pipeline.runtime.system_user import user_name
from pipeline.storage import files, sealed
from pipeline.storage.paths import Store

PREFIX = "record/"
#: Name of the file with the signing key, without its ending.
KEY = "record"
_ADVICE = (
    "Restore record.key below GELOMBANG_SECRETS from its copy; machines that share a data root share it. If it is lost "
    "for good, move DATA/record away and keep it: its entries still follow each other and publications name them, "
    "but nothing more can be added to it. Waves that are not published yet are run again."
)
_TRIES = 100
_READ = EntryCache()


@dataclass(frozen=True)
class Head:
    """How far a record goes: its number of entries, and the hash of the last one as it is kept (hex)."""

    entries: int
    sha256: str


def note(store: Store, event: Event, wave: int | None, facts: dict[str, Any], by: str | None = None) -> Head:
    """Appends one entry. ``by``: who did it; without a name the user of the operating system who is at work.

    Raises StoreError, DiskFullError, BadSettingError; KeyLostError and WrongKeyError where the record was signed by a
    key that this installation does not have.
    """
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    facts = without_numbers(facts)
    for _ in range(_TRIES):
        number, last = _last(store)
        before = digest(last) if number else NOTHING
        entry = Entry(number + 1, before, now, event, wave, by or user_name(), __version__, facts)
        entry = entry.signed(_key_after(store, last))
        kept = entry.to_bytes()
        if store.create(_key_of(entry.number), kept):
            written = Head(entry.number, digest(kept))
            _remember(store, written)
            return written
    raise StoreError(f"The record of {store.address} is written by too many at once.", "Try again.")


def note_once(store: Store, event: Event, wave: int | None, facts: dict[str, Any], by: str | None = None) -> None:
    """``note`` for a task that may run once more: nothing where the wave has an entry of just these facts."""
    if facts not in [entry.facts for entry in entries(store, wave, event)]:
        note(store, event, wave, facts, by)


def head(store: Store) -> Head:
    """Where the record ends now."""
    number, data = _last(store)
    return Head(number, digest(data) if number else NOTHING)


def kept(store: Store) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of every entry, in order, whatever is in it."""
    for key, number in sorted(_keys(store).items()):
        yield number, store.read(key) or b""


def entries(store: Store, wave: int | None = None, *events: Event) -> list[Entry]:
    """The entries that can be read; of one wave, of these events. Whether they are genuine is checked by ``verify``.

    This process does not read an entry twice, as long as its file is the same.
    """
    found: list[Entry] = []
    versions = store.versions(PREFIX)
    for key in sorted(_numbered(versions)):
        data = _READ.get((store.address, key), versions[key], partial(store.read, key))
        with suppress(ValueError, TypeError):
            found.append(Entry.from_bytes(data))
    return [e for e in found if wave in (None, e.wave) and (not events or e.event in events)]


def signing_key(store: Store) -> Ed25519PrivateKey:
    """The installation's key for the record; made with the first entry, and never replaced while there is a record.

    Raises BadSettingError, KeyLostError, WrongKeyError.
    """
    _, last = _last(store)
    return _key_after(store, last)


def _key_after(store: Store, last: bytes) -> Ed25519PrivateKey:
    """The key for the entry after ``last`` (its bytes as they are kept; empty: there is none)."""
    signed_by, path = _signer(last), sealed.key_file(settings().secrets, KEY)
    if signed_by and not path.exists():
        raise KeyLostError(f"The record of {store.address} is signed by {path.name}, which is not here.", _ADVICE)
    key = Ed25519PrivateKey.from_private_bytes(sealed.key_at(settings().secrets, store.root, KEY))
    if signed_by and key.public_key().public_bytes_raw().hex() != signed_by:
        raise WrongKeyError(f"The record of {store.address} is signed by another key than {path.name}.", _ADVICE)
    return key


def remembered(store: Store) -> Head | None:
    """The largest number of entries that this installation has seen; None where it never wrote to the record."""
    try:
        return Head(**json.loads(_memory(store).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget(store: Store) -> None:
    """Forgets how far the record went: for a simulated root that is made a second time."""
    _memory(store).unlink(missing_ok=True)


def _remember(store: Store, written: Head) -> None:
    """Keeps the number and hash of the last entry. A machine that cannot write its folder of keys leaves it to the
    others."""
    before = remembered(store)
    if before is None or before.entries < written.entries:
        with suppress(OSError, GelombangError):
            files.write_json({"entries": written.entries, "sha256": written.sha256}, _memory(store))


def _memory(store: Store) -> Path:
    name = sha256(store.address.encode()).hexdigest()[:16]
    return settings().secrets.expanduser().absolute() / "records" / f"{name}.json"


def _last(store: Store) -> tuple[int, bytes]:
    """Number and bytes of the last entry; 0 where there is none."""
    keys = _keys(store)
    last = max(keys, default=None)
    return (keys[last], store.read(last) or b"") if last else (0, b"")


def _signer(kept: bytes) -> str:
    """The key that an entry names; empty where there is none, or where it cannot be read."""
    try:
        return Entry.from_bytes(kept).key
    except (ValueError, TypeError):
        return ""


def _key_of(number: int) -> str:
    return f"{PREFIX}{number:08d}.json"


def _keys(store: Store) -> dict[str, int]:
    """Keys of the entries, with their numbers."""
    return _numbered(store.keys(PREFIX))


def _numbered(keys: Iterable[str]) -> dict[str, int]:
    names = {key: key.removeprefix(PREFIX).removesuffix(".json") for key in keys}
    return {k: int(n) for k, n in names.items() if n.isascii() and n.isdigit() and k == _key_of(int(n))}
