"""Where everything lies below the data root, and how it is written: whole or not at all, and the same bytes each time.

Stages ask here for paths; nobody else joins folder names or opens a file for writing. No room's knowledge lives here.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.calendar import Calendar, Wave
from pipeline.errors import DiskFullError, StoreError, UnreadableFileError

if TYPE_CHECKING:
    from pipeline.mirror import Mirror

_CHUNK = 1 << 20
#: Written to every Parquet file of ours: zstd is small and fast, and one row group size keeps bytes equal.
PARQUET: dict[str, Any] = {"compression": "zstd", "row_group_size": 122_880, "store_schema": True}


@dataclass(frozen=True)
class Store:
    """Paths below one data root. ``room`` sets what is done beside a run's own work apart from it.

    Of a root elsewhere (``mirror``) the paths are those of its mirror on this machine.
    """

    root: Path
    room: str = ""
    mirror: Mirror | None = None

    @classmethod
    def at(cls, root: str | Path) -> Store:
        """The store at a folder, which must exist, or at any fsspec URL. Raises StoreError."""
        if "://" in str(root):
            from pipeline.mirror import Mirror
            from pipeline.settings import settings

            mirror = Mirror.of(str(root), settings().mirror.expanduser())
            return cls(mirror.folder, mirror=mirror)
        path = Path(root).expanduser().absolute()
        if not path.is_dir():
            raise StoreError(f"The data root {path} is not a folder.", "Give --data DIR, or set GELOMBANG_DATA.")
        return cls(path)

    @property
    def address(self) -> str:
        """The root as others name it: what ``at`` takes on any machine."""
        return self.mirror.remote.url if self.mirror else str(self.root)

    def key(self, path: Path) -> str:
        """A path of this machine as every machine knows it: relative to the root."""
        return path.relative_to(self.root).as_posix()

    # from and to a root elsewhere; nothing to do for a folder
    def pull(self, *prefixes: str, only: Collection[str] = (), keep: bool = False) -> None:
        """Makes what is here below these prefixes what is there; see ``Mirror.pull``."""
        if self.mirror:
            self.mirror.pull(*prefixes, only=only, keep=keep)

    def push(self, *prefixes: str, replace: bool = False) -> None:
        """Sends there what was written here; see ``Mirror.push``."""
        if self.mirror:
            self.mirror.push(*prefixes, replace=replace)

    def commit(self, new: Path, target: Path, last: str, *, once: bool = False) -> None:
        """Gives a finished folder its name, in one step: on a root elsewhere it appears with its file ``last``.

        ``once``: raises StoreError if there is one of that name, which stays as it is.
        """
        if self.mirror:
            self.mirror.commit(new, self.key(target), last, once=once)
        elif once:
            return rename_new(new, target)
        return install(new, target)

    # in
    def landing(self, wave: Wave, what: str) -> Path:
        """``registrations``, ``selfies``, ``reuploads`` or ``reviews`` of a wave."""
        return self.root / "landing" / wave.key / what

    def extract(self, name: str) -> Path:
        """All deliveries of an extract."""
        return self.root / "extracts" / name

    def deliveries(self, name: str) -> dict[date, Path]:
        """An extract's deliveries by date; folders not called ``asof=YYYY-MM-DD`` are not deliveries."""
        found: dict[date, Path] = {}
        for path in sorted(self.extract(name).glob("asof=*")):
            try:
                found[date.fromisoformat(path.name.removeprefix("asof="))] = path
            except ValueError:
                continue
        return found

    def calendar(self) -> Calendar:
        """The data root's own calendar, else the project's. Raises BadCalendarError."""
        self.pull("calendar.toml")
        own = self.root / "calendar.toml"
        return Calendar.parse(read_text(own if own.is_file() else project_data() / "calendar.toml"))

    # between
    def work(self, wave: Wave) -> Path:
        """What passes between the rooms of a run; can be thrown away and is made again."""
        return self.root / "work" / wave.key / self.room

    def aside(self, room: str) -> Store:
        """The same store with another room for the work between rooms."""
        return replace(self, room=room)

    # out
    def out(self, wave: Wave) -> Path:
        """A wave's outputs, complete or absent."""
        return self.root / "waves" / wave.key

    def outputs(self, name: str) -> list[Path]:
        """One output of every wave that has it, in the order of the waves."""
        return sorted((self.root / "waves").glob(f"wave-*/{name}"))

    def published(self, key: str = "") -> Path:
        """Published cohorts: ``wave-NNNN/rev-N/``."""
        return self.root / "published" / key

    def revisions(self, key: str) -> list[Path]:
        """A wave's published revisions, the newest last."""
        found = [p for p in self.published(key).glob("rev-*/cohort.parquet") if p.parent.name[4:].isdigit()]
        return sorted((p.parent for p in found), key=lambda folder: int(folder.name[4:]))

    def cohorts(self, before: str = "wave-9999z") -> list[Path]:
        """The cohort of every wave before one: its last published revision, else the one that its run wrote."""
        keys = {path.name for where in ("published", "waves") for path in (self.root / where).glob("wave-????")}
        found: list[Path] = []
        for key in sorted(key for key in keys if key < before):
            run = self.root / "waves" / key / "cohort.parquet"
            if revisions := self.revisions(key):
                found.append(revisions[-1] / "cohort.parquet")
            elif run.is_file():
                found.append(run)
        return found

    def earlier_cohorts(self, wave: Wave) -> list[Path]:
        """The cohorts that a wave's applicants may already be in."""
        return self.cohorts(before=wave.key)


def project_data() -> Path:
    """The project's own small tables: ``data/`` of the checkout, or their copy inside an installed package."""
    checkout = Path(str(files("pipeline"))).parent / "data"
    return checkout if checkout.is_dir() else Path(str(files("pipeline"))) / "data"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its name once the block is done; on any error nothing is left.

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
        if _is_full(e):
            raise DiskFullError(f"No room left while writing {path}.") from e
        raise


def _is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room; copying a folder collects the errors of its files as texts."""
    if isinstance(error, shutil.Error):
        return f"[Errno {errno.ENOSPC}]" in str(error) or f"[Errno {errno.EDQUOT}]" in str(error)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """A disk that fails under a library of others is no bug: raises DiskFullError or StoreError for its OSError."""
    try:
        yield
    except OSError as e:
        if _is_full(e):
            raise DiskFullError(f"No room left in {what}: {e}.") from e
        raise StoreError(f"{what}: {type(e).__name__}: {e}.") from e


def write_table(table: pa.Table, path: Path, schema: pa.Schema) -> Path:
    """Writes a table, cast to its contract, as Parquet; whole or not at all."""
    ordered = table.select(schema.names).cast(schema)
    with atomic(path) as part:
        pq.write_table(ordered, part, **PARQUET)
    return path


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Reads one Parquet file. Raises UnreadableFileError, StoreError."""
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except FileNotFoundError as e:
        raise StoreError(f"{path} is not there.") from e
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


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
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def rows(path: Path) -> int | None:
    """Row count of a Parquet file, from its footer; None for any other file."""
    if path.suffix != ".parquet":
        return None
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def install(new: Path, target: Path) -> None:
    """Puts a finished folder in the place of ``target`` in one step; the old one goes once the new one stands."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    new.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def copy(source: Path, target: Path) -> Path:
    """Copies a file, or a whole folder to where there is none; whole or not at all. Raises DiskFullError."""
    with atomic(target) as part:
        if source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
    return target


def rename_new(new: Path, target: Path) -> None:
    """Gives a finished folder its name, once: raises StoreError if there is one of that name, which stays as it is."""
    if target.exists():  # a folder that is empty would be replaced without a word
        raise StoreError(f"{target} is there already.", "Publish again: the next revision takes the next number.")
    for path in [*new.iterdir(), new, target.parent]:
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


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def fresh(folder: Path) -> Path:
    """An empty folder of this name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
