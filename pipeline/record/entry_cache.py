"""Entries of a record that this process has read before, as they are kept: no entry ever changes.

Each is known by its place and by the version of its file, so that a root that is deleted and made a second time
is read again. Bounded; the entry that was read first is removed first.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

#: More than the record of a hundred waves.
_BYTES = 64 << 20


class _Kept(NamedTuple):
    """An entry's bytes, and the version of the file that they were read from."""

    version: str
    data: bytes


class EntryCache:
    """The bytes of entries by place (a root and a key) and version."""

    def __init__(self, limit: int = _BYTES) -> None:
        self._limit = limit
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._size = 0
        self._lock = Lock()

    def get(self, place: tuple[str, str], version: str, read: Callable[[], bytes | None]) -> bytes:
        """An entry, read only if it is not known; empty, and not kept, where there is none any more."""
        with self._lock:
            known = self._kept.get(place)
        if known is not None and known.version == version:
            return known.data
        data = read()
        if data is None:
            return b""
        with self._lock:
            self._forget(place)
            self._kept[place] = _Kept(version, data)
            self._size += len(data)
            while self._size > self._limit:
                self._forget(next(iter(self._kept)))
        return data

    def _forget(self, place: tuple[str, str]) -> None:
        if kept := self._kept.pop(place, None):
            self._size -= len(kept.data)
