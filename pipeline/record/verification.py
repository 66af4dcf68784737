"""Whether a record is complete: every entry is there, in its place, signed by one key, and none is missing at the
end."""

from __future__ import annotations

from pipeline.domain.errors import KeyLostError, WrongKeyError
from pipeline.record import log
from pipeline.record.entry import NOTHING, Entry, digest
from pipeline.record.finding import Finding, finding
from pipeline.storage.paths import Store


def faults(store: Store, seen: tuple[tuple[str, log.Head], ...] = ()) -> list[Finding]:
    """What is wrong with a record; nothing where it is whole.

    ``seen``: how far the record went when something was published, and what was published. Reads every entry.
    """
    found: list[Finding] = []
    before, heads = NOTHING, dict[int, str]()
    key, last = None, 0
    try:
        key = log.signing_key(store).public_key().public_bytes_raw().hex()
    except (KeyLostError, WrongKeyError) as e:
        found.append(finding("signer_unknown", why=e.message))
    for number, data in log.kept(store):
        if number != last + 1:
            found.append(finding("entry_missing", number=last + 1))
        found += _faults(number, data, before if number == last + 1 else None, key)
        before = heads[number] = digest(data)
        last = number
    known = log.remembered(store)
    for what, head in (*(((None, known),) if known else ()), *seen):  # None: this installation's own note
        here = "" if what else "_here"
        if head.entries > last:
            found.append(finding(f"cut_off{here}", last=last, what=what, known=head.entries))
        elif head.entries and heads.get(head.entries, head.sha256) != head.sha256:
            found.append(finding(f"anew{here}", number=head.entries, what=what))
    return found


def _faults(number: int, data: bytes, before: str | None, key: str | None) -> list[Finding]:
    try:
        entry = Entry.from_bytes(data)
    except (ValueError, TypeError):
        return [finding("entry_unreadable", number=number)]
    found: list[Finding] = []
    if entry.number != number:
        found.append(finding("entry_misnumbered", number=number, said=entry.number))
    if before is not None and entry.before != before:
        found.append(finding("entry_apart", number=number))
    if not entry.is_signed():
        found.append(finding("entry_altered", number=number))
    elif key is not None and entry.key != key:
        found.append(finding("entry_of_another", number=number, key=entry.key[:16]))
    return found
