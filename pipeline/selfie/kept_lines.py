"""Files of lines that processes append to: plain, or in blocks that are sealed under the key of a wave.

A line has a place in its file, which stays its place. Knows nothing of what a line says. A line or block that a kill
cut off is ignored; of a sealed block that was changed its number is kept, and its lines are as if they were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pipeline.domain.errors import SealedFileError
from pipeline.storage.sealed import GrowingBlocks, SealedWriter

FORMAT = "gelombang verdicts 1"
PLAIN, SEALED = "*.jsonl", "*.sealed"
#: A place in a sealed file is the number of a block, and in these lowest bits where the line begins in it.
_IN_BLOCK = 32


class Lines(Protocol):
    """The lines of one file."""

    path: Path

    def new(self) -> Iterator[tuple[int, bytes]]:
        """Place and bytes, with its end, of each whole line that came since the last look."""
        ...

    def at(self, place: int) -> bytes:
        """The line at a place; nothing where it is not there any more."""
        ...

    def blank(self, place: int, length: int) -> None:
        """Overwrites a line; every other line stays where it is."""
        ...

    def named(self, place: int) -> str:
        """A place in a form for people."""
        ...

    def changed(self) -> list[str]:
        """The parts of the file that were changed after it was sealed."""
        ...


class PlainLines:
    """A plain file."""

    def __init__(self, path: Path, *, cut_off: bool = False) -> None:
        self.path, self._cut_off = path, cut_off
        self._read_to = 0

    def new(self) -> Iterator[tuple[int, bytes]]:
        """See Lines. ``cut_off``: the last line also where it has no end."""
        with suppress(FileNotFoundError):
            if self.path.stat().st_size <= self._read_to:
                return
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                for line in file:
                    if not line.endswith(b"\n") and not self._cut_off:
                        return  # cut off by a kill, or still being written
                    place = self._read_to
                    self._read_to += len(line)
                    yield place, line

    def at(self, place: int) -> bytes:
        """See Lines."""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(place)
            return file.readline()
        return b""

    def blank(self, place: int, length: int) -> None:
        """See Lines."""
        with self.path.open("r+b") as file:
            file.seek(place)
            file.write(b" " * length)

    def named(self, place: int) -> str:
        """See Lines."""
        return f"{self.path.name}:{place}"

    def changed(self) -> list[str]:
        """See Lines: empty, because a plain file does not show changes."""
        return []


class SealedLines:
    """A sealed file below a folder of its wave's name."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._blocks = GrowingBlocks(path, key)
        self._changed: set[str] = set()

    def new(self) -> Iterator[tuple[int, bytes]]:
        """See Lines."""
        with suppress(FileNotFoundError):
            for number in self._new_blocks():
                start = 0
                for line in self._opened(number).splitlines(keepends=True):
                    yield number << _IN_BLOCK | start, line
                    start += len(line)

    def at(self, place: int) -> bytes:
        """See Lines."""
        with suppress(FileNotFoundError):
            block, start = self._opened(place >> _IN_BLOCK), place & ((1 << _IN_BLOCK) - 1)
            return block[start : block.find(b"\n", start) + 1]
        return b""

    def blank(self, place: int, length: int) -> None:
        """See Lines."""
        number, start = place >> _IN_BLOCK, place & ((1 << _IN_BLOCK) - 1)
        block = self._blocks.opened(number)
        self._blocks.replace(number, block[:start] + b" " * length + block[start + length :])

    def named(self, place: int) -> str:
        """See Lines: by its block."""
        return f"{self.path.parent.name}/{self.path.name}:{place >> _IN_BLOCK}"

    def changed(self) -> list[str]:
        """See Lines."""
        found, self._changed = sorted(self._changed), set()
        return found

    def _new_blocks(self) -> range:
        try:
            return self._blocks.new()
        except SealedFileError:
            self._changed.add(self.named(0))
            return range(0)

    def _opened(self, number: int) -> bytes:
        try:
            return self._blocks.opened(number)
        except SealedFileError:
            self._changed.add(self.named(number << _IN_BLOCK))
            return b""


class PlainEnd:
    """Where a process appends to a plain file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, data: bytes) -> None:
        """Appends in one write."""
        with self._path.open("ab") as file:
            file.write(data)


def sealed_end(path: Path, key: bytes) -> SealedWriter:
    """Where a process appends to a sealed file of its own."""
    return SealedWriter(path, key, {"format": FORMAT, "wave": path.parent.name})
