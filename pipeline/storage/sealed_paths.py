"""Which files of a data root are sealed, and how everything else reads and writes them without knowing.

Sealed are, with GELOMBANG_ENCRYPTION__AT_REST, the tables about people below ``work/wave-NNNN``, ``waves/wave-NNNN``
and ``published/wave-NNNN``, but for what is published. Whether a file that is there is sealed, the file itself says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from fsspec.spec import AbstractFileSystem

from pipeline.domain.errors import MasterKeyError, SealedFileError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import PATTERN
from pipeline.storage import key_ring, sealed
from pipeline.storage.sealed_file import Header, SealedInput, SealedInputOfThreads, SealedOutput, plain_size

SCHEME = "sealed"
_KINDS = {"work", "waves", "published"}
#: Folders with the files of others, which are never sealed.
_DELIVERED = {"landing", "extracts"}
#: Below a wave's folder: what is for everybody.
_PUBLIC = {"public", "list"}
#: Tables, and the lists about people that are no Parquet; also under the name that a file has while it is written.
_ABOUT_PEOPLE = re.compile(r"\.?(.+\.parquet|notices\.csv|second_places\.csv)(\.\d+\.part)?")

#: The name that a file has while it is written.
_PART = re.compile(r"\.(.+)\.\d+\.part")


class Home(NamedTuple):
    """The data root that a file is in, and the name of the key that it is sealed under."""

    root: Path
    key: str


def home_of(path: Path) -> Home | None:
    """The data root and the name of the key, the wave's, that a path below a wave's folder belongs to."""
    for folder in path.absolute().parents:
        if re.fullmatch(PATTERN, folder.name) and folder.parent.name in _KINDS:
            inside = path.absolute().relative_to(folder).parts[:-1]
            key = key_ring.PLACES if path.name.lstrip(".").startswith("places.parquet") else folder.name
            return None if _PUBLIC & set(inside) else Home(folder.parent.parent, key)
    return None


def header_of(path: Path) -> Header | None:
    """A sealed file's header; None for a plain one. A delivered file counts as plain, whatever it begins with."""
    if _DELIVERED & set(path.absolute().parts) and home_of(path) is None:
        return None
    return Header.of(path)


def is_about_people(path: Path) -> bool:
    """Whether a file is one of those that are sealed where encryption is on."""
    return _ABOUT_PEOPLE.fullmatch(path.name) is not None and home_of(path) is not None


def to_be_sealed(path: Path) -> Home | None:
    """The data root and the key's name where a file is to be sealed when it is written."""
    if not is_about_people(path):
        return None
    home, replaced = home_of(path), path.with_name(_PART.sub(r"\1", path.name))
    if settings().encryption.at_rest or (home and home.key == key_ring.PLACES):
        return home
    return home if header_of(replaced) is not None else None  # a sealed file stays sealed when it is rewritten


def open_to_read(path: Path) -> BinaryIO:
    """A file's plain bytes. Raises SealedFileError, MasterKeyError, WaveKeyDestroyedError; OSError as ``open``."""
    header = header_of(path)
    return path.open("rb") if header is None else cast(BinaryIO, SealedInput(path, _key_for(path, header), header))


def open_to_write(path: Path) -> BinaryIO:
    """A new file that takes plain bytes, and seals them where this file is to be sealed."""
    home = to_be_sealed(path)
    if home is None:
        return path.open("wb")
    key = key_ring.made(*home)
    return cast(BinaryIO, SealedOutput(path, key, home.key, sealed.name_of(key)))


@contextmanager
def table_source(path: Path) -> Iterator[Path | BinaryIO]:
    """What a table library reads a file from: the path itself, or an open file that is unsealed as it is read."""
    if header_of(path) is None:
        yield path
    else:
        with open_to_read(path) as file:
            yield file


@contextmanager
def table_sink(path: Path) -> Iterator[Path | BinaryIO]:
    """What a table library writes a file to."""
    if to_be_sealed(path) is None:
        yield path
    else:
        with open_to_write(path) as file:
            yield file


def address(path: Path) -> str:
    """A file for DuckDB to read: its path, or where it is sealed an address that ``filesystem`` opens.

    Raises MasterKeyError and WaveKeyDestroyedError here, where they are still errors with advice.
    """
    header = header_of(path)
    if header is None:
        return str(path)
    _key_for(path, header)
    return f"{SCHEME}://{path.absolute()}"


def address_to_write(path: Path) -> str:
    """A file for DuckDB to write."""
    home = to_be_sealed(path)
    if home is None:
        return str(path)
    key_ring.made(*home)
    return f"{SCHEME}://{path.absolute()}"


def sealed_under(path: Path) -> str | None:
    """Whose key opens a file, a wave's as a rule; None for a plain one."""
    header = header_of(path)
    return header.wave if header else None


def can_be_opened(path: Path) -> bool:
    """Whether a file is there and the key that sealed it was not destroyed."""
    header = header_of(path)
    return path.is_file() and (header is None or not key_ring.is_destroyed(_root_of(path, header), header.wave))


def _header(path: Path) -> Header:
    """The header of a file that is sealed. Raises SealedFileError."""
    header = header_of(path)
    if header is None:
        raise SealedFileError(f"{path} is not sealed any more.")
    return header


def _key_for(path: Path, header: Header) -> bytes:
    key = key_ring.opened(_root_of(path, header), header.wave)
    if sealed.name_of(key) != header.key:
        raise SealedFileError(f"{path} was sealed under another key than {header.wave} has here.")
    return key


def _root_of(path: Path, header: Header) -> Path:
    """The data root that has the wrapped key: above the file, or of a copy elsewhere the root of the settings."""
    for folder in (*path.absolute().parents, Path(settings().data).absolute()):
        if key_ring.key_path(folder, header.wave).is_file():
            return folder
    raise MasterKeyError(f"{path} is sealed, and no {key_ring.FOLDER}/{header.wave}.json lies above it.")


class SealedFiles(AbstractFileSystem):  # type: ignore[misc]
    """Sealed files of this machine for DuckDB: ``sealed:///path``."""

    protocol = SCHEME
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix(f"{SCHEME}://")

    def _at(self, path: str) -> Path:
        return Path(self._strip_protocol(path))

    def open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        """A sealed file to read, or a new one to write."""
        if mode != "rb":
            return open_to_write(self._at(path))
        header = _header(self._at(path))
        return cast(BinaryIO, SealedInputOfThreads(self._at(path), _key_for(self._at(path), header), header))

    def exists(self, path: str, **_: Any) -> bool:
        """Whether it is there."""
        return self._at(path).exists()

    def isfile(self, path: str) -> bool:
        """Whether it is a file."""
        return self._at(path).is_file()

    def isdir(self, _: str) -> bool:
        """No folder is sealed."""
        return False

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file of this name: no name is a pattern."""
        return [self._strip_protocol(path)] if self._at(path).is_file() else []

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name and plain size."""
        header = header_of(self._at(path))
        size = plain_size(self._at(path), header) if header else self._at(path).stat().st_size
        return {"name": self._strip_protocol(path), "size": size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """When it was written."""
        return datetime.fromtimestamp(self._at(path).stat().st_mtime, UTC)

    def rm_file(self, path: str) -> None:
        """Removes a file that a query which failed left."""
        self._at(path).unlink(missing_ok=True)
