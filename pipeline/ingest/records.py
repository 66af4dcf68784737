"""Records of delimited text (RFC 4180): where one ends, and its fields. Works on text in memory, touches no file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.domain.errors import FileLimitError
from pipeline.domain.said import said

RAGGED = "wrong number of fields"
UNCLOSED = "quote that is never closed"
TOO_LONG = "longer than the limit"


@dataclass
class Record:
    """One record: the line where it begins, and its fields or why it is none. ``rows``: the number of lines that it
    represents."""

    line: int
    fields: list[str]
    problem: str | None = None
    rows: int = 1


class LineQueue:
    """Lines of a text block by block, with a look ahead. ``end`` is the file's line end."""

    def __init__(self, blocks: Iterator[bytes], end: bytes) -> None:
        self._blocks, self.end = blocks, end
        self._pieces: deque[bytes] = deque()
        self._lines: deque[bytes] = deque()
        self.number = 0  # of the line that was taken last
        self.ended_whole = True  # whether the last line read has a line end

    def block(self) -> bytes | None:
        """The next block as it is, where no line of the last one is left; None at the end."""
        assert not self._lines
        return self._next()

    def cut(self, block: bytes, size: int) -> bool:
        """Puts a block back in pieces of whole lines, to be taken next; False where it is one piece already."""
        pieces, at = [], 0
        while at < len(block):
            end = block.find(self.end, at + size - 1) + 1 or len(block)
            pieces.append(block[at:end])
            at = end
        if len(pieces) > 1:
            self._pieces.extendleft(reversed(pieces))
        return len(pieces) > 1

    def fill(self, block: bytes) -> None:
        """Cuts a block into lines."""
        lines = block.split(self.end)
        self.ended_whole = lines[-1] == b""
        if self.ended_whole:
            lines.pop()
        self._lines.extend(lines)

    def take(self, *, more: bool) -> bytes | None:
        """The next line, of the blocks to come as well where ``more``; None at the end."""
        if not self._lines and more and (block := self._next()):
            self.fill(block)
        if not self._lines:
            return None
        self.number += 1
        return self._lines.popleft()

    def put_back(self, lines: list[bytes]) -> None:
        """Returns lines that were taken last."""
        self._lines.extendleft(reversed(lines))
        self.number -= len(lines)

    def _next(self) -> bytes | None:
        return self._pieces.popleft() if self._pieces else next(self._blocks, None)


def records(queue: LineQueue, separator: str, width: int, limit: int, longest: int) -> Iterator[Record | int]:
    """The records of the lines in the queue; a number is the line of a blank one.

    Raises FileLimitError where a quoted text goes on for more than ``limit`` bytes.
    """
    separator_bytes = separator.encode()
    while (line := queue.take(more=False)) is not None:
        number = queue.number
        if not line.strip():
            yield number
            continue
        text, rows, problem = line, 1, None
        if b'"' in line and left_open(line, separator_bytes, inside=False) == "open":
            text, rows, problem = _joined(queue, line, separator_bytes, width, limit)
        if problem is None and len(text) > longest:
            problem = TOO_LONG
        if problem:
            yield Record(number, [], problem, rows)
            continue
        fields = fields_of(decoded(text), separator)
        if len(fields) == width:
            yield Record(number, fields)
        else:
            yield from _parted(number, fields, text, separator, width)


def _joined(queue: LineQueue, first: bytes, separator: bytes, width: int, limit: int) -> tuple[bytes, int, str | None]:
    """A record whose quoted text goes on in the next lines: its text, and what is wrong with it.

    A quote that no RFC 4180 writer would leave is no beginning of such a text: its own line alone is lost. So it is
    where the file ends, at a line's end, and the first line is a whole record without its quote: who does not quote
    writes such files, and the quote of one applicant must not take the applications after it along. Other text that may
    be inside a quote is never read as a record of its own.
    """
    lines, size = [first], len(first)
    literal = first.count(separator) + 1 == width
    while (line := queue.take(more=True)) is not None:
        lines.append(line)
        size += len(line) + 1
        state = left_open(line, separator, inside=True)
        if state == "closed":
            return queue.end.join(lines), 1, None
        if state == "stray":
            queue.put_back(lines[1:])
            return b"", 1, UNCLOSED
        if size > limit:
            if literal and all(part.count(separator) + 1 == width for part in lines if part.strip()):
                queue.put_back(lines[1:])
                return b"", 1, UNCLOSED
            raise FileLimitError(said("open_quote", line=str(queue.number - len(lines) + 1), n=limit))
    if literal and queue.ended_whole:
        queue.put_back(lines[1:])
        return b"", 1, UNCLOSED
    return b"", sum(bool(part.strip()) for part in lines), UNCLOSED


def left_open(line: bytes, separator: bytes, *, inside: bool) -> str:
    """Whether a line leaves a quoted text ``open`` or ``closed``; ``stray``: one that began before it ends amiss."""
    at, began_before = 0, inside
    while True:
        if not inside:
            if not line.startswith(b'"', at):
                at = line.find(separator, at) + 1
                if at == 0:
                    return "closed"
                continue
            at, inside = at + 1, True
        end = line.find(b'"', at)
        if end < 0:
            return "open"
        if line.startswith(b'"', end + 1):
            at = end + 2
            continue
        inside, at = False, end + 1
        if not line.startswith(separator, at) and line[at:].strip(b"\r"):
            if began_before:
                return "stray"
            at = line.find(separator, at)
            if at < 0:
                return "closed"
        began_before = False
        at += 1
        if at > len(line):
            return "closed"


def fields_of(text: str, separator: str) -> list[str]:
    """The fields of one record, its quotes taken off."""
    text = text.rstrip("\r")
    if '"' not in text:
        return text.split(separator)
    fields: list[str] = []
    at = 0
    while True:
        parts: list[str] = []
        if text.startswith('"', at):
            at = _unquoted(text, at + 1, parts)
        end = text.find(separator, at)
        parts.append(text[at:] if end < 0 else text[at:end])
        fields.append("".join(parts))
        if end < 0:
            return fields
        at = end + 1


def _unquoted(text: str, at: int, parts: list[str]) -> int:
    """Adds the text inside quotes to ``parts``; returns the place after the closing quote."""
    while True:
        end = text.find('"', at)
        if end < 0:
            parts.append(text[at:])
            return len(text)
        parts.append(text[at:end])
        if not text.startswith('"', end + 1):
            return end + 1
        parts.append('"')
        at = end + 2


def decoded(raw: bytes) -> str:
    """The text of one record: UTF-8, else what Windows writes in western Europe and Indonesia."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(_WINDOWS[byte] for byte in raw)


#: cp1252 leaves five bytes undefined: they are read as Latin-1, so that every row can be decided about.
_WINDOWS = [bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256)]


def _parted(number: int, fields: list[str], text: bytes, separator: str, width: int) -> Iterator[Record]:
    """A line with the wrong number of fields: several records with another line end, or no record."""
    if b'"' not in text:
        parts = [p for p in decoded(text).replace("\n", "\r").split("\r") if p.strip()]
        cut = [part.split(separator) for part in parts]
        if len(cut) > 1 and all(len(one) == width for one in cut):
            yield from (Record(number, one) for one in cut)
            return
    yield Record(number, fields, RAGGED)
