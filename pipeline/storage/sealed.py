"""Files that only this installation can read: records sealed by AES-GCM under a key outside the data root.

A file is one header line in JSON, which anyone can read and no one can change unnoticed, and then sealed blocks. It
only ever grows, one whole block at a time; a block that was cut off by a kill is ignored. Imports no table library:
workers use it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.domain.errors import BadSettingError, SealedFileError

#: NIST SP 800-38D: 96-bit nonces; random ones are safe for 2**32 blocks under one key.
_NONCE = 12
_LENGTH = 4
#: Length of every key, in bytes.
KEY_BYTES = 32


def key_at(folder: Path, root: Path, name: str = "descriptors") -> bytes:
    """The 32-byte key ``<folder>/<name>.key`` of this installation; made at first use, readable by its user alone.

    ``root`` is the data root, below which no key may be. Raises BadSettingError.
    """
    path = key_file(folder, name)
    folder = path.parent
    if folder.resolve().is_relative_to(root.resolve()):
        raise BadSettingError(
            f"GELOMBANG_SECRETS is {folder}, which lies below the data root.", "Name a folder outside the data root."
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            make_private(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as e:
        raise BadSettingError(f"The key {path} cannot be used: {e.strerror}.", "See GELOMBANG_SECRETS.") from e
    if len(key) != KEY_BYTES:
        raise BadSettingError(f"The key {path} does not have {KEY_BYTES} bytes.", "Restore it from its copy.")
    return key


def key_file(folder: Path, name: str) -> Path:
    """The path of a key of this installation, whether it is there or not."""
    return folder.expanduser().absolute() / f"{name}.key"


def make_private(path: Path, data: bytes) -> None:
    """Makes a key's file whole or not at all; of several processes one wins, and the others use its key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)


class SealedWriter:
    """Appends sealed blocks to a file of its own, which it makes with the first of them."""

    def __init__(self, path: Path, key: bytes, header: dict[str, Any]) -> None:
        self._path = path
        self._cipher = AESGCM(key)
        self._header = json.dumps({**header, "key": name_of(key)}, separators=(",", ":")).encode() + b"\n"
        self._blocks = 0

    def add(self, data: bytes) -> None:
        """Seals one block and appends it in one write."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, data, _bound(self._header, self._blocks))
        block = len(sealed).to_bytes(_LENGTH, "big") + sealed
        first = self._header if self._blocks == 0 else b""
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if first else 0)
        if first:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path, flags, 0o600), "ab", buffering=0) as file:
            before, left = file.seek(0, os.SEEK_END), memoryview(first + block)
            try:
                while left:
                    left = left[file.write(left) :]
            except OSError:  # no half block may be left before the next one
                os.ftruncate(file.fileno(), before)
                if first:
                    self._path.unlink()
                raise
        self._blocks += 1


def header_of(path: Path) -> dict[str, Any]:
    """A sealed file's header, unverified. Raises SealedFileError for a file that is none."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.readline(4096))
        return dict(found)
    except (OSError, ValueError, TypeError) as e:
        raise SealedFileError(f"{path} is not a sealed file.") from e


def blocks_of(path: Path, key: bytes) -> Iterator[bytes]:
    """The blocks of a sealed file, opened one by one.

    Raises SealedFileError where another key sealed it, or where it was changed since.
    """
    if header_of(path).get("key") != name_of(key):
        raise SealedFileError(f"{path} was sealed under another key.")
    cipher = AESGCM(key)
    with path.open("rb") as file:
        header, number = file.readline(), 0
        while len(length := file.read(_LENGTH)) == _LENGTH:
            size = int.from_bytes(length, "big")
            sealed = file.read(size)
            if len(sealed) < size:
                return  # cut off by a kill
            try:
                yield cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(header, number))
            except InvalidTag as e:
                raise SealedFileError(f"{path} was changed after it was sealed.") from e
            number += 1


class GrowingBlocks:
    """The blocks of a sealed file that others may still add to, each opened by its number."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._cipher, self._key = AESGCM(key), name_of(key)
        self._header = b""
        self._places: list[tuple[int, int]] = []
        self._end = 0

    def new(self) -> range:
        """The numbers of the whole blocks that came since the last look. Raises SealedFileError for another key's."""
        before = len(self._places)
        if self.path.stat().st_size > self._end:
            with self.path.open("rb") as file:
                if not self._header:
                    if header_of(self.path).get("key") != self._key:
                        raise SealedFileError(f"{self.path} was sealed under another key.")
                    self._header = file.readline()
                    self._end = len(self._header)
                size = os.fstat(file.fileno()).st_size
                file.seek(self._end)
                while len(length := file.read(_LENGTH)) == _LENGTH:
                    block = int.from_bytes(length, "big")
                    if self._end + _LENGTH + block > size:
                        break  # cut off by a kill, or still being written
                    self._places.append((self._end + _LENGTH, block))
                    self._end = file.seek(self._end + _LENGTH + block)
        return range(before, len(self._places))

    def opened(self, number: int) -> bytes:
        """What was sealed as this block. Raises SealedFileError."""
        start, size = self._places[number]
        with self.path.open("rb") as file:
            file.seek(start)
            sealed = file.read(size)
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(self._header, number))
        except (InvalidTag, ValueError) as e:
            raise SealedFileError(f"{self.path} was changed after it was sealed.") from e

    def replace(self, number: int, data: bytes) -> None:
        """Replaces a block by other bytes of the same length."""
        start, size = self._places[number]
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, data, _bound(self._header, number))
        assert len(sealed) == size
        with self.path.open("r+b") as file:
            file.seek(start)
            file.write(sealed)


def _bound(header: bytes, number: int) -> bytes:
    """What a block is tied to: its file's header and its place in it."""
    return header + number.to_bytes(8, "big")


def name_of(key: bytes) -> str:
    """A name by which two keys can be distinguished, and from which neither follows."""
    return hashlib.sha256(b"gelombang key name:" + key).hexdigest()[:16]
