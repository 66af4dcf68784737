"""Bytes of a text file of any size as blocks of whole lines in UTF-8, whatever its compression, encoding and line ends.

Holds one block at a time. A file that grows beyond its limits while it is read raises FileLimitError.
"""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from pipeline.domain.errors import FileLimitError, UnreadableFileError
from pipeline.domain.said import said
from pipeline.domain.settings import IngestSettings
from pipeline.ingest.one_encoding import OneEncoding

_BLOCK = 4 << 20
_HEAD = 64 << 10
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class TextSource:
    """One file: its encoding, its line end (LF also means CRLF), and the limits that it must keep."""

    path: Path
    encoding: str
    bom_length: int
    end: bytes
    head: bytes
    limits: IngestSettings

    @classmethod
    def of(cls, path: Path, limits: IngestSettings) -> TextSource:
        """Looks at the beginning of a file. Raises UnreadableFileError for a spreadsheet."""
        with _open(path) as file:
            start = file.read(_HEAD)
        if start.startswith(_ZIP):
            raise UnreadableFileError(said("spreadsheet", path=path), said("save_as_csv"))
        bom, encoding = next(((b, e) for b, e in _BOMS.items() if start.startswith(b)), (b"", ""))
        encoding = encoding or _unmarked(start)
        head = start[len(bom) :]
        if encoding != "utf-8":
            head = head[: len(head) // 2 * 2].decode(encoding, "replace").encode()
        first = re.search(rb"\r*\n|\r", head.lstrip(b"\r\n"))
        return cls(path, encoding, len(bom), b"\r" if first and first[0] == b"\r" else b"\n", head, limits)

    def blocks(self) -> Iterator[bytes]:
        """The whole file in blocks; each but the last ends with a line end."""
        held, total = b"", 0
        for chunk in self._chunks():
            total += len(chunk)
            if total > self.limits.max_file_bytes:
                limit = self.limits.max_file_bytes
                raise FileLimitError(said("many_bytes_of_text", path=self.path, n=limit))
            cut = chunk.rfind(self.end) + 1
            if cut:
                yield held + chunk[:cut]
                held = chunk[cut:]
            else:
                held += chunk
            if len(held) > self.limits.max_record_bytes:
                raise FileLimitError(said("long_line", path=self.path, n=self.limits.max_record_bytes))
        if held:
            yield held

    def _chunks(self) -> Iterator[bytes]:
        whole = OneEncoding(self.encoding)
        decoder = None if self.encoding == "utf-8" else codecs.getincrementaldecoder(self.encoding)("replace")
        with _open(self.path) as file:
            file.read(self.bom_length)
            while chunk := file.read(_BLOCK):
                if not whole.holds(chunk):  # read on, each of its letters would be another one
                    raise UnreadableFileError(said("two_encodings", path=self.path), said("in_one_encoding"))
                yield decoder.decode(chunk).encode() if decoder else chunk
        if decoder and (rest := decoder.decode(b"", final=True)):
            yield rest.encode()


def _open(path: Path) -> IO[bytes]:
    """The file's own bytes; also of one that is compressed and does not say so in its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP or path.suffix.lower() == ".gz"
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else path.open("rb")


def _unmarked(start: bytes) -> str:
    """The encoding of a text without a byte order mark: UTF-16 has a zero in nearly every other byte."""
    sample = start[:4096]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if len(zeros) >= 8 and zeros.count(0) > 0.8 * len(zeros):
            return encoding
    return "utf-8"
