"""One file sealed whole, from which any part can be read: AES-256-GCM in chunks, each tied to its place.

A header line in JSON names the wave whose key opens it. A key of the file's own follows from that key and a random
salt, so no nonce is ever used twice; the last chunk is marked, so a file that lost its end is seen. Knows no path.
"""

from __future__ import annotations

import io
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.domain.errors import SealedFileError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

CHUNK = 1 << 16
_TAG = 16
_SALT = 32
_BEGIN = b'{"gelombang_sealed":1,'
_LONGEST = 512
_ADVICE = "It was changed, or lost a part, after it was written. Restore it from a copy, or run the wave again."


@dataclass(frozen=True)
class Header:
    """What anyone can read of a sealed file: whose key opens it, and that key's name."""

    wave: str
    key: str
    line: bytes

    @classmethod
    def of(cls, path: Path) -> Header | None:
        """A file's header; None for a file that is not sealed, or not there."""
        try:
            with path.open("rb") as file:
                if file.read(len(_BEGIN)) != _BEGIN:
                    return None
                file.seek(0)
                line = file.readline(_LONGEST)
            read = json.loads(line)
            return cls(str(read["wave"]), str(read["key"]), line)
        except OSError:
            return None
        except (ValueError, KeyError, TypeError) as e:
            raise SealedFileError(f"{path} has no whole header.", _ADVICE) from e


def plain_size(path: Path, header: Header) -> int:
    """How many bytes were sealed."""
    body = path.stat().st_size - len(header.line)
    return max(0, body - max(1, -(-body // (CHUNK + _TAG))) * _TAG)


def _cipher(key: bytes, header: bytes) -> AESGCM:
    """The file's own key: the salt in the header makes it different from that of any other file."""
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"gelombang sealed file:" + header).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedOutput(io.RawIOBase):
    """Writes a sealed file from its beginning to its end; whole only once it is closed."""

    def __init__(self, path: Path, key: bytes, wave: str, key_name: str) -> None:
        super().__init__()
        about = json.dumps({"wave": wave, "key": key_name, "salt": secrets.token_hex(_SALT)}, separators=(",", ":"))
        header = _BEGIN + about[1:].encode() + b"\n"
        self._file = path.open("wb")
        self._file.write(header)
        self._cipher = _cipher(key, header)
        self._held = bytearray()
        self._number = self._size = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self._size

    def write(self, data: ReadableBuffer, /) -> int:
        """Takes bytes; seals what fills a chunk, and always keeps the last."""
        new = memoryview(data).cast("B")
        self._held += new
        self._size += len(new)
        whole = max(0, (len(self._held) - 1) // CHUNK) * CHUNK
        for start in range(0, whole, CHUNK):
            self._seal(bytes(self._held[start : start + CHUNK]), last=False)
        del self._held[:whole]
        return len(new)

    def close(self) -> None:
        """Seals the last chunk."""
        if not self.closed:
            try:
                self._seal(bytes(self._held), last=True)
            finally:
                self._file.close()
                super().close()

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), data, None))
        self._number += 1


class SealedInput(io.RawIOBase):
    """Reads a sealed file as if it were the plain one, from anywhere in it."""

    def __init__(self, path: Path, key: bytes, header: Header) -> None:
        super().__init__()
        self._path, self._cipher = path, _cipher(key, header.line)
        self._file = path.open("rb", buffering=0)
        self._begin = len(header.line)
        self.size = plain_size(path, header)
        self._chunks = max(1, -(-self.size // CHUNK))
        self._places: dict[int, int] = {}
        self._kept = (-1, b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    @property
    def _at(self) -> int:
        return self._places.get(self._reader(), 0)

    def _reader(self) -> int:
        """The position of this reader; the base class has one reader."""
        return 0

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Goes to a byte of the plain file."""
        at = max(0, {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence] + offset)
        self._places[self._reader()] = at
        return at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Reads into a buffer."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """The rest."""
        return self.read(-1)

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes. Raises SealedFileError where the file was changed."""
        at = self._at
        rest = max(0, self.size - at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if not wanted:
            if not self.size:
                self._chunk(0)  # an empty file is sealed too
            return b""
        first, last = at // CHUNK, (at + wanted - 1) // CHUNK
        data = self._chunk(first) if first == last else b"".join(map(self._chunk, range(first, last + 1)))
        start = at - first * CHUNK
        self._places[self._reader()] = at + wanted
        return data[start : start + wanted]

    def close(self) -> None:
        """Closes it."""
        self._file.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        kept_number, kept = self._kept  # read once: another thread may put another chunk there
        if kept_number != number:
            sealed = os.pread(self._file.fileno(), CHUNK + _TAG, self._begin + number * (CHUNK + _TAG))
            try:
                opened = self._cipher.decrypt(_nonce(number, last=number == self._chunks - 1), sealed, None)
            except (InvalidTag, ValueError) as e:
                raise SealedFileError(f"{self._path} is not what was sealed.", _ADVICE) from e
            self._kept = number, opened
            return opened
        return kept


class SealedInputOfThreads(SealedInput):
    """The same for DuckDB, whose threads share an open file: each thread has a position of its own."""

    def _reader(self) -> int:
        return get_ident()
