"""All paths below the data root. No other module joins folder names.

No room's knowledge lives here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.calendar import Calendar, Wave
from pipeline.domain.errors import StoreError
from pipeline.domain.settings import settings
from pipeline.domain.wave_keys import wave_key, wave_number
from pipeline.storage import key_ring
from pipeline.storage.files import create_new, install, read_text, rename_new
from pipeline.storage.object_store import is_below
from pipeline.storage.sealed_paths import can_be_opened

if TYPE_CHECKING:
    from pipeline.storage.mirror import Mirror


#: The room of the screening before publication: its work is kept apart from the run's.
LAST_SCREENING = "publication"
#: Mirrors whose keys this process has asked for.
_asked_for_keys: set[Path] = set()


@dataclass(frozen=True)
class Store:
    """Paths below one data root. ``room`` separates other work on the wave from the run's own.

    Of a root elsewhere (``mirror``) the paths are those of its mirror on this machine.
    """

    root: Path
    room: str = ""
    mirror: Mirror | None = None

    @classmethod
    def at(cls, root: str | Path) -> Store:
        """The store at a folder, which must exist, or at any fsspec URL. Raises StoreError."""
        if "://" in str(root):
            from pipeline.storage.mirror import Mirror

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
        """Makes the mirror below these prefixes, and the waves' keys, the same as the store; see ``Mirror.pull``.

        No keys are made while encryption is off: then each process pulls the earlier keys once only.
        """
        if self.mirror:
            if settings().encryption.at_rest or self.root not in _asked_for_keys:
                self.mirror.pull(f"{key_ring.FOLDER}/")
                _asked_for_keys.add(self.root)
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

    @property
    def elsewhere(self) -> bool:
        """Whether the root is no folder of this machine."""
        return self.mirror is not None

    def keys(self, prefix: str) -> list[str]:
        """The keys of every file at or below a prefix, where the root is."""
        if self.mirror:
            return sorted(self.mirror.remote.list(prefix))
        base = self.root / prefix
        paths = base.rglob("*") if base.is_dir() else [base]
        return sorted(self.key(path) for path in paths if path.is_file())

    def versions(self, prefix: str) -> dict[str, str]:
        """The keys of every file at or below a prefix, each with what is another once the file is another."""
        if self.mirror:
            return self.mirror.remote.list(prefix)
        found: dict[str, str] = {}
        for key in self.keys(prefix):
            with suppress(FileNotFoundError):
                status = (self.root / key).stat()
                found[key] = f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
        return found

    def sizes(self, path: Path) -> dict[str, int]:
        """The keys of every file at or below a path, here or where the root is, with their bytes; a link is a file."""
        inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
        found = {self.key(file): file.lstat().st_size for file in inside if file.is_symlink() or file.is_file()}
        return found | (self.mirror.remote.sizes(self.key(path)) if self.mirror else {})

    def has(self, key: str) -> bool:
        """Whether there is a file of this name, which is no link, where the root is."""
        if self.mirror:
            return is_below(key) and self.mirror.remote.version(key) is not None
        return (self.root / key).is_file() and not (self.root / key).is_symlink()

    def read(self, key: str) -> bytes | None:
        """A small file, as it is now where the root is; None when it is not there."""
        if self.mirror:
            return self.mirror.remote.read(key)
        with suppress(FileNotFoundError):
            return (self.root / key).read_bytes()
        return None

    def create(self, key: str, data: bytes) -> bool:
        """Makes a file, whole or not at all; False if there is one: of many that try, one wins. Raises StoreError."""
        if self.mirror:
            return self.mirror.remote.create(key, data) is not None
        return create_new(self.root / key, data)

    def remove_all(self, prefix: str) -> None:
        """Removes every file below a prefix, here and where the root is."""
        for key in self.keys(prefix):
            self.remove(key)
        shutil.rmtree(self.root / prefix, ignore_errors=True)

    def remove(self, key: str) -> None:
        """Removes a file where the root is; one that is gone already is no error."""
        if self.mirror:
            self.mirror.remote.remove([key])
        else:
            (self.root / key).unlink(missing_ok=True)

    def delete(self, path: Path) -> None:
        """Deletes a file or a folder where the root is, there in every version, and here. Of a link what it leads to
        stays. Raises StoreError.
        """
        if self.mirror:
            self.mirror.remote.destroy(self.key(path))
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def have_key(self, wave: Wave) -> None:
        """Makes the wave's key where the root is elsewhere and tables are sealed; of many machines one makes it."""
        if settings().encryption.at_rest:
            self.have_key_of(wave.key)

    def have_key_of(self, name: str) -> None:
        """Makes the key of this name where the root is elsewhere; of many machines one makes it."""
        key = f"{key_ring.FOLDER}/{name}.json"
        if self.mirror and not (self.root / key).is_file():
            self.create(key, key_ring.wrapped(self.root, name))
            self.mirror.pull(f"{key_ring.FOLDER}/")

    def settle(self, key: str) -> None:
        """Makes a file there what it is here, or gone; what the store keeps of it from before is deleted.

        Nothing to do for a folder. Raises StoreError.
        """
        if self.mirror:
            if (self.root / key).is_file():
                self.mirror.push(key)
            else:
                self.mirror.remote.remove([key])
            self.mirror.remote.forget_versions(key)

    def fetch(self, wanted: Iterable[tuple[str, Path]]) -> set[str]:
        """Copies files of a root elsewhere to paths of this machine, past its mirror; the keys that were there."""
        assert self.mirror is not None
        return self.mirror.remote.get(wanted)

    # in
    def landing(self, wave: Wave, what: str) -> Path:
        """``registrations``, ``selfies``, ``reuploads`` or ``reviews`` of a wave."""
        return self.root / "landing" / wave.key / what

    def selfies_of(self, number: int) -> Path:
        """The selfies of a wave by its number."""
        return self.root / "landing" / f"wave-{number:04d}" / "selfies"

    def extract(self, name: str) -> Path:
        """All deliveries of an extract."""
        return self.root / "extracts" / name

    def deliveries(self, name: str) -> dict[date, Path]:
        """An extract's deliveries by date; folders not called ``asof=YYYY-MM-DD`` are not deliveries."""
        named = [(delivery_day(path.name), path) for path in sorted(self.extract(name).glob("asof=*"))]
        return {day: path for day, path in named if day}

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

    def with_work_in(self, folder: Path) -> Store:
        """The same store with the work between rooms in a folder outside the root: nothing is written below it."""
        return replace(self, room=str(folder.absolute()))

    # out
    def out(self, wave: Wave) -> Path:
        """A wave's outputs, complete or absent."""
        return self.root / "waves" / wave.key

    def outputs(self, name: str) -> list[Path]:
        """One output of every wave that has it, in the order of the waves; not of those whose key was destroyed."""
        found = [path for folder in self.wave_folders("waves").values() if (path := folder / name).exists()]
        return [path for path in found if can_be_opened(path)]

    def wave_folders(self, kind: str) -> dict[int, Path]:
        """The folders of waves below ``waves``, ``published`` or ``work``, by number; others are left out."""
        named = ((wave_number(path.name), path) for path in sorted((self.root / kind).glob("wave-*")))
        return {number: path for number, path in named if number is not None}

    def wave_numbers(self, *kinds: str) -> list[int]:
        """The numbers of the waves that have a folder below any of these, such as ``work``; in order."""
        return sorted({number for kind in kinds for number in self.wave_folders(kind)})

    def published(self, key: str = "") -> Path:
        """Published cohorts: ``wave-NNNN/rev-N/``."""
        return self.root / "published" / key

    def revisions(self, key: str) -> list[Path]:
        """A wave's published revisions, the newest last."""
        found = [p for p in self.published(key).glob("rev-*/cohort.parquet") if p.parent.name[4:].isdigit()]
        return sorted((p.parent for p in found), key=revision_number)

    def places(self, key: str) -> Path:
        """What is left of a wave's cohort once its key is destroyed: who has a place."""
        return self.published(key) / "places.parquet"

    def cohorts(self, before: int = 10_000) -> list[Path]:
        """The cohort of every wave before one: its last published revision, else the one that its run wrote."""
        numbers = self.wave_folders("published").keys() | self.wave_folders("waves").keys()
        found: list[Path] = []
        for number in sorted(number for number in numbers if number < before):
            run = self.root / "waves" / wave_key(number) / "cohort.parquet"
            if (places := self.places(wave_key(number))).is_file():
                found.append(places)
            elif revisions := self.revisions(wave_key(number)):
                found.append(revisions[-1] / "cohort.parquet")
            elif run.is_file():
                found.append(run)
        return found

    def earlier_cohorts(self, wave: Wave) -> list[Path]:
        """The cohorts that a wave's applicants may already be in."""
        return self.cohorts(before=wave.number)


def revision_number(folder: Path) -> int:
    """2 for a revision's folder ``rev-2``."""
    return int(folder.name.removeprefix("rev-"))


def delivery_day(folder: str) -> date | None:
    """The day of a delivery by its folder's name, ``asof=YYYY-MM-DD``; None for any other name."""
    named = re.fullmatch(r"asof=(\d{4}-\d{2}-\d{2})", folder, re.ASCII)
    with suppress(ValueError):
        return date.fromisoformat(named[1]) if named else None
    return None


def project_data() -> Path:
    """The project's own small tables: ``data/`` of the checkout, or their copy inside an installed package."""
    checkout = Path(str(files("pipeline"))).parent / "data"
    return checkout if checkout.is_dir() else Path(str(files("pipeline"))) / "data"
