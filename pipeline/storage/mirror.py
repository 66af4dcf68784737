"""This machine's folder for a data root elsewhere: a task's files are pulled before it, what it wrote is pushed after.

Rooms see a folder and know nothing of this. Outside ``work/`` nothing is written here but by ``commit``, so that
its content is always what was read; what is in ``work/wave-NNNN/`` belongs to the run that holds the wave.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.domain.errors import StoreError
from pipeline.storage import files
from pipeline.storage.object_store import Remote, is_below

#: The file of a folder that is written last. A cohort from before this software is without it, so a folder that is
#: being written is marked as such: a folder that has the marker and not yet its last file is not read.
LAST = {"waves": "manifest.json", "published": "publication.json"}
UNFINISHED = ".unfinished"
_DEPTH = {"waves": 2, "published": 3}
#: A folder of ``published/wave-NNNN/`` that is no revision: the list of a draw, frozen once.
_LIST, _LAST_OF_LIST = "list", "list.json"
_TRIES = 5
#: Version there, and size and time here: what a file was when both sides were the same.
Entry = list[Any]


@dataclass(frozen=True)
class Mirror:
    """A URL and the folder that mirrors it."""

    remote: Remote
    folder: Path

    @classmethod
    def of(cls, url: str, base: Path) -> Mirror:
        """The mirror of a URL below ``base``; readable by this user alone, for NIKs are in it."""
        remote = Remote(url.rstrip("/"))
        name = hashlib.sha256(f"{remote.url} {remote.endpoint()}".encode()).hexdigest()[:16]
        (base / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(remote, base / name)

    def pull(self, *prefixes: str, only: Collection[str] = (), keep: bool = False) -> None:
        """Makes what is here below the prefixes what is there; ``only``: files of these names.

        ``keep``: what was written here and not pushed yet stays.
        """
        for _ in range(_TRIES):
            listed = [self._whole(self.remote.list(prefix)) for prefix in prefixes]
            there = {key: version for part in listed for key, version in part.items() if _is_moved(key, only)}
            here = {key: path for key, path in self._here(prefixes) if _is_moved(key, only)}
            index = self._index()
            changed: dict[str, Entry | None] = {}
            own = {key for key, path in here.items() if _seen(path) != index.get(key, [""])[1:]} if keep else set()
            stale = {k for k, v in there.items() if k not in own and [v, *_seen(self.folder / k)] != index.get(k)}
            got = self.remote.get((key, self.folder / key) for key in sorted(stale))
            for key in got:
                changed[key] = [there[key], *_seen(self.folder / key)]
            for key in here.keys() - there.keys() - own:
                here[key].unlink(missing_ok=True)
                changed[key] = None
            self._note(changed)
            if got == stale and all(_last_keys(part) == self._last_keys_now(part) for part in listed):
                return
        raise StoreError(f"{self.remote.url} changes while it is read: {', '.join(prefixes)}.", "Try again.")

    def push(self, *prefixes: str, replace: bool = False) -> None:
        """Uploads what is new or changed here, and removes there what was pulled or pushed and is gone here.

        ``replace``: removes whatever is there and not here.
        """
        here, index = dict(self._here(prefixes)), self._index()
        seen = {key: _seen(path) for key, path in here.items()}
        new = [(key, path) for key, path in here.items() if index.get(key, [""])[1:] != seen[key]]
        versions = self.remote.put(new)
        gone = {key for key in index if _below(key, prefixes)} - here.keys()
        if replace:
            gone |= {key for prefix in prefixes for key in self.remote.list(prefix)} - here.keys()
        self.remote.remove(sorted(gone))
        self._note({**{key: [version, *seen[key]] for key, version in versions.items()}, **dict.fromkeys(gone)})

    def commit(self, new: Path, prefix: str, last: str, *, once: bool) -> None:
        """Uploads a finished folder so that it appears with its file ``last``; ``once``: never over another.

        Raises StoreError when another was first.
        """
        ours = {
            f"{prefix}/{path.relative_to(new).as_posix()}": path for path in sorted(new.rglob("*")) if path.is_file()
        }
        last_key, writing, before = f"{prefix}/{last}", f"{prefix}/{UNFINISHED}", self.remote.list(prefix)
        if once and before and (last_key in before or writing not in before):
            raise StoreError(
                f"{self.remote.url}/{prefix} is there already.", "Publish again: the next revision follows."
            )
        self.remote.create(writing, b"")
        gone = before.keys() - ours.keys() - {writing}
        # what a publication that was killed left goes first; of a wave the old files are deleted when the new ones are
        # there
        self.remote.remove(sorted(gone) if once else [last_key])
        seen = {key: _seen(path) for key, path in ours.items()}
        versions = self.remote.put((key, path) for key, path in ours.items() if key != last_key)
        if once:
            created = self.remote.create(last_key, ours[last_key].read_bytes())
            if created is None:
                raise StoreError(
                    f"{self.remote.url}/{prefix} was published by another at this moment.",
                    "Publish again: the next revision follows.",
                )
            versions[last_key] = created
        else:
            self.remote.remove(sorted(gone))
            versions |= self.remote.put([(last_key, ours[last_key])])
        self.remote.remove([writing])
        self._note({**{key: [version, *seen[key]] for key, version in versions.items()}, **dict.fromkeys(gone)})

    def _whole(self, listed: dict[str, str]) -> dict[str, str]:
        """Without the folders that are being written."""
        marked = {k.removesuffix(UNFINISHED) for k in listed if k.endswith(f"/{UNFINISHED}")}
        unread = {folder for folder in marked if (last := _mark(f"{folder}{UNFINISHED}")) and last not in listed}
        return {k: v for k, v in listed.items() if not any(k.startswith(folder) for folder in unread)}

    def _last_keys_now(self, listed: dict[str, str]) -> dict[str, str]:
        return {key: v for key in _last_keys(listed) if (v := self.remote.version(key)) is not None}

    def _here(self, prefixes: Collection[str]) -> Iterator[tuple[str, Path]]:
        """Files of this machine below the prefixes; temporary files are left out."""
        for prefix in prefixes:
            base = self.folder / prefix
            for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
                key = path.relative_to(self.folder).as_posix()
                if path.is_file() and _is_moved(key, ()):
                    yield key, path

    def _index(self) -> dict[str, Entry]:
        path = self.folder / ".index.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _note(self, changed: dict[str, Entry | None]) -> None:
        """Takes changes into the index, which tasks of this machine share."""
        if not changed:
            return
        with FileLock(self.folder / ".index.lock"):
            merged = {**self._index(), **changed}
            kept = {key: entry for key, entry in merged.items() if entry is not None}
            files.write_text(json.dumps(kept, separators=(",", ":")), self.folder / ".index.json")


def _mark(key: str) -> str | None:
    """The last file of this key's folder, where its folder has one."""
    parts = key.split("/")
    depth = _DEPTH.get(parts[0])
    if not depth or len(parts) <= depth:
        return None
    last = _LAST_OF_LIST if parts[0] == "published" and parts[2] == _LIST else LAST[parts[0]]
    return "/".join([*parts[:depth], last])


def _last_keys(listed: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in listed.items() if _mark(k) == k}


def _below(key: str, prefixes: Collection[str]) -> bool:
    return is_below(key) and any(key == p.rstrip("/") or key.startswith(p.rstrip("/") + "/") for p in prefixes)


def _is_moved(key: str, only: Collection[str]) -> bool:
    """Whether a file goes from one machine to another: not what is temporary, and of these names if any are given."""
    parts = key.split("/")
    return not any(part.startswith(".") or part == "tmp" for part in parts) and (not only or parts[-1] in only)


def _seen(path: Path) -> list[int]:
    """What tells that a file here has changed; nothing where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]
