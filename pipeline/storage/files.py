"""How files are read and written: whole or not at all, with the same bytes each time, and with errors that give advice.

Whatever others rely on is written here; appended to elsewhere are a cache, a log and a diary that may lose their last
line. Knows no path: those are the store's.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.errors import DiskFullError, StoreError, UnreadableFileError
from pipeline.runtime.disk import disk_errors, is_full
from pipeline.storage.sealed_paths import open_to_read, table_sink, table_source

_CHUNK = 1 << 20
_HERE, _EXCHANGE = -100, 2  # renameat2(2): AT_FDCWD, RENAME_EXCHANGE
#: Written to every Parquet file of ours: zstd is small and fast, and one row group size keeps bytes equal.
PARQUET: dict[str, Any] = {"compression": "zstd", "row_group_size": 122_880, "store_schema": True}


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path`` that takes its name when the block is done; on any error nothing is left.

    Raises DiskFullError when there is no room.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except BaseException as e:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if is_full(e):
            raise DiskFullError(f"No room left while writing {path}.") from e
        raise


def write_table(table: pa.Table, path: Path, schema: pa.Schema) -> Path:
    """Writes a table, cast to its contract, as Parquet; whole or not at all."""
    ordered = table.select(schema.names).cast(schema)
    with atomic(path) as part:
        write_rows(ordered, part)
    return path


def write_rows(table: pa.Table, part: Path) -> None:
    """Writes a table as it is, sealed where this path is, to a file that has not its name yet."""
    with table_sink(part) as sink:
        pq.write_table(table, sink, **PARQUET)


def read_table(path: Path, columns: list[str] | None = None, rows: pc.Expression | None = None) -> pa.Table:
    """Reads one Parquet file, or those ``rows`` of it. Raises UnreadableFileError, StoreError."""
    try:
        with table_source(path) as source:
            return pq.read_table(source, columns=columns, filters=rows, partitioning=None)
    except FileNotFoundError as e:
        raise StoreError(f"{path} is not there.") from e
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def application_ids(path: Path, rows: pc.Expression | None = None) -> set[str]:
    """The applications of a table, or of those ``rows`` of it. Raises UnreadableFileError, StoreError."""
    return set(read_table(path, ["registration_id"], rows)["registration_id"].to_pylist())


@contextmanager
def parquet_in_pieces(path: Path, few_values: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """A Parquet file to be read a piece at a time; texts of the columns with ``few_values`` are not written out.

    Not buffered ahead: pyarrow would load the whole file first, which costs its size in memory and three times the CPU.
    """
    with (
        table_source(path) as source,
        pq.ParquetFile(source, pre_buffer=False, read_dictionary=list(few_values)) as file,
    ):
        yield file


def read_text(path: Path) -> str:
    """Reads UTF-8 text, with or without BOM. Raises UnreadableFileError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise UnreadableFileError(f"{path} cannot be read: {e}.") from e


def write_text(text: str, path: Path) -> Path:
    """Writes UTF-8 text, whole or not at all."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def write_json(value: Any, path: Path) -> Path:
    """Writes JSON for people and programs alike: indented, keys as given, one newline at the end."""
    return write_text(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n", path)


def read_json(path: Path) -> Any:
    """Reads JSON. Raises UnreadableFileError."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as e:
        raise UnreadableFileError(f"{path} is not JSON: {e}.") from e


def sha256(path: Path) -> str:
    """SHA-256 of a file's plain bytes, in hex: the same whether it is sealed or not."""
    digest = hashlib.sha256()
    with open_to_read(path) as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def rows(path: Path) -> int | None:
    """Row count of a Parquet file, from its footer; None for any other file."""
    if path.suffix != ".parquet":
        return None
    try:
        with table_source(path) as source:
            return int(pq.read_metadata(source).num_rows)
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def install(new: Path, target: Path) -> None:
    """Puts a finished folder in the place of ``target`` in one step; the old one is deleted when the new one is there.

    A file system that cannot exchange two names (some network disks) takes two steps: the target is absent in between.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        new.replace(target)
    elif _exchange(new, target):
        shutil.rmtree(new, ignore_errors=True)
    else:
        old = target.with_name(f".{target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.replace(old)
        new.replace(target)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Lets two names change places, in one step; False where the system or the disk cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def copy(source: Path, target: Path) -> Path:
    """Copies a file, or a whole folder to where there is none; whole or not at all. Raises DiskFullError."""
    with atomic(target) as part:
        if source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
    return target


def create_new(path: Path, data: bytes) -> bool:
    """Makes a file, whole or not at all; False if there is one: of many that try, one wins. Raises StoreError."""
    own = path.with_name(f".{path.name}.{uuid4().hex}")
    with disk_errors(str(path)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            own.write_bytes(data)
            os.link(own, path)
        except FileExistsError:
            if path.exists():
                return False
            raise
        finally:
            with suppress(OSError):
                own.unlink(missing_ok=True)
    return True


def overwrite(path: Path, data: bytes) -> None:
    """Puts other bytes in a secret file's place, whole or not at all; then the old bytes are overwritten where they
    were, as far as the disk lets that be done. Raises DiskFullError.
    """
    with path.open("r+b") as old:
        with atomic(path) as part:
            part.touch(mode=0o600)
            part.write_bytes(data)
            _to_disk(part)
        _to_disk(path.parent)
        old.write(b"\0" * os.fstat(old.fileno()).st_size)
        old.flush()
        os.fsync(old.fileno())


def rename_new(new: Path, target: Path) -> None:
    """Gives a finished folder its name, once: raises StoreError if there is one of that name, which stays as it is."""
    if target.exists():  # a folder that is empty would be replaced without a word
        raise StoreError(f"{target} is there already.", "Publish again: the next revision takes the next number.")
    for path in [*new.rglob("*"), new, target.parent]:
        _to_disk(path)
    new.rename(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    """Returns when a power cut can no longer lose what was written."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fresh(folder: Path) -> Path:
    """An empty folder of this name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
