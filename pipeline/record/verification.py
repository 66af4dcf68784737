"""Whether a record is whole: every entry there, in its place, signed by one key, and none lost from its end."""

from __future__ import annotations

from pipeline.domain.errors import KeyLostError, WrongKeyError
from pipeline.record import log
from pipeline.record.entry import NOTHING, Entry, digest
from pipeline.storage.paths import Store


def faults(store: Store, seen: tuple[tuple[str, log.Head], ...] = ()) -> list[str]:
    """What is wrong with a record, in plain words; nothing where it is whole.

    ``seen``: how far the record went when something was published, with what it was. Reads every entry.
    """
    found: list[str] = []
    before, heads = NOTHING, dict[int, str]()
    key, last = None, 0
    try:
        key = log.signing_key(store).public_key().public_bytes_raw().hex()
    except (KeyLostError, WrongKeyError) as e:
        found.append(f"who signed it cannot be checked: {e.message}")
    for number, data in log.kept(store):
        if number != last + 1:
            found.append(f"entry {last + 1} is missing")
        found += _faults(number, data, before if number == last + 1 else None, key)
        before = heads[number] = digest(data)
        last = number
    known = log.remembered(store)
    for what, head in (*((("this installation's own note", known),) if known else ()), *seen):
        if head.entries > last:
            found.append(f"it ends after {last} entries, and {what} knows {head.entries}: its end was cut off")
        elif head.entries and heads.get(head.entries, head.sha256) != head.sha256:
            found.append(f"entry {head.entries} is another one than {what} knows: the record was written anew")
    return found


def _faults(number: int, data: bytes, before: str | None, key: str | None) -> list[str]:
    try:
        entry = Entry.from_bytes(data)
    except (ValueError, TypeError):
        return [f"entry {number} cannot be read"]
    found: list[str] = []
    if entry.number != number:
        found.append(f"entry {number} says that it is number {entry.number}")
    if before is not None and entry.before != before:
        found.append(f"entry {number} does not follow the entry before it: one of the two was changed")
    if not entry.is_signed():
        found.append(f"entry {number} was changed after it was signed")
    elif key is not None and entry.key != key:
        found.append(f"entry {number} was signed by another key ({entry.key[:16]}…) than this installation's")
    return found
