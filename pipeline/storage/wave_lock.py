"""A lock on a wave that outlives a process: the tasks of a run are many processes, on many machines, over days.

One file ``work/wave-NNNN.lock`` names the run that holds the wave; it is made whole or not at all, by one winner: by a
hard link in a folder, by a conditional write on a root elsewhere. A run that is asked again (a task tried once more)
still holds it. A holder that was a process of this machine and is gone holds nothing; any other is released by its
run's last task, or by `gelombang unlock`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psutil
from filelock import FileLock

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError, WaveLockedError
from pipeline.storage.paths import Store

_LOCK = re.compile(r"work/wave-\d{4}\.lock")
#: Seconds between two tries of a publisher that waits for another.
_WAITS = (1, 2, 4, 8, 15, 30, 30)


@dataclass(frozen=True)
class Holder:
    """Who holds a wave: a run, since when, and the process where the whole run lives in one."""

    run: str
    since: str = ""
    host: str = ""
    process: int | None = None
    begun: float | None = None

    @classmethod
    def this_process(cls, run: str) -> Holder:
        """A run that ends with this process."""
        return cls(run, host=socket.gethostname(), process=os.getpid(), begun=psutil.Process().create_time())

    def gone(self) -> bool:
        """Whether the holder was a process of this machine that has ended."""
        if self.process is None or self.host != socket.gethostname():
            return False
        try:
            return bool(psutil.Process(self.process).create_time() != self.begun)
        except psutil.NoSuchProcess:
            return True

    def alive(self) -> bool:
        """Whether the holder is known to live: a process of this machine. Of any other nothing is known here."""
        return self.process is not None and self.host == socket.gethostname() and not self.gone()

    def __str__(self) -> str:
        return f"{self.run} (since {self.since})"


def path_of(store: Store, wave: Wave) -> Path:
    """Where a wave's lock is."""
    return store.root / "work" / f"{wave.key}.lock"


def holder_of(store: Store, wave: Wave) -> Holder | None:
    """Who holds a wave; None when it is free."""
    return _holder(store, path_of(store, wave))


def held_waves(store: Store) -> dict[str, Holder]:
    """Who holds which wave: wave keys to holders, in the order of the waves."""
    names = sorted(key for key in store.keys("work/") if _LOCK.fullmatch(key))
    found = {Path(key).stem: _holder(store, store.root / key) for key in names}
    return {key: holder for key, holder in found.items() if holder is not None and not holder.gone()}


def held_before(held: Mapping[str, Holder], moment: datetime) -> dict[str, Holder]:
    """Those that have been held since before ``moment`` (with an offset)."""
    return {key: holder for key, holder in held.items() if datetime.fromisoformat(holder.since) < moment}


def _holder(store: Store, path: Path) -> Holder | None:
    try:
        found = store.read(store.key(path))
        return Holder(**json.loads(found)) if found is not None else None
    except (OSError, ValueError, TypeError) as e:
        raise StoreError(f"The lock {path} cannot be read: {e}.") from e


def take(store: Store, wave: Wave, holder: Holder) -> None:
    """Takes a wave for a run, or finds that the run has it. Raises WaveLockedError, which names the holder."""
    _take(store, path_of(store, wave), holder, f"Wave {wave.number}")


def _take(store: Store, path: Path, holder: Holder, what: str) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    held = json.dumps({**asdict(holder), "since": now})
    for _ in range(2):
        if store.create(store.key(path), held.encode()):
            return
        found = _holder(store, path)
        if found is None:
            continue
        if found.gone():  # before names are compared: a process that has ended may have had the number of this one
            _break(store, path, found)
        elif found.run == holder.run:
            return
        else:
            raise WaveLockedError(f"{what} is held by {found}.")
    raise WaveLockedError(f"{what} was taken by another run at this moment.")


@contextmanager
def publication(store: Store, wave: Wave, run: str) -> Iterator[None]:
    """One publication at a time, of any wave: the ledger spans the waves. Others wait.

    On a root elsewhere a publisher that was killed still holds it, until its own run tries again or gives the wave
    back; a caller who waits too long gets WaveLockedError.
    """
    store.published(wave.key).mkdir(parents=True, exist_ok=True)
    if not store.elsewhere:
        with FileLock(store.published() / ".lock"):
            yield
        return
    path, holder = _publications(store), Holder(run)
    for wait in (*_WAITS, None):
        try:
            _take(store, path, holder, "Publication")
            break
        except WaveLockedError:
            if wait is None:
                raise
            time.sleep(wait)
    try:
        yield
    finally:
        _release(store, path, run)


def _publications(store: Store) -> Path:
    return store.published() / ".lock"


def must_hold(store: Store, wave: Wave, run: str) -> None:
    """Raises WaveLockedError unless the run holds the wave. Its lock may have been broken while it was paused."""
    found = holder_of(store, wave)
    if found is None:
        raise WaveLockedError(
            f"The run {run} no longer holds wave {wave.number}: somebody gave it back.",
            "`gelombang history` says who unlocked it. Run the wave again: what is done is not done twice.",
        )
    if found.run != run:
        raise WaveLockedError(f"The run {run} no longer holds wave {wave.number}: {found} does.")


def release(store: Store, wave: Wave, run: str) -> bool:
    """Gives a wave back, if the run has it."""
    if store.elsewhere:
        _release(store, _publications(store), run)
    return _release(store, path_of(store, wave), run)


def _release(store: Store, path: Path, run: str) -> bool:
    found = _holder(store, path)
    if found is None or found.run != run:
        return False
    store.remove(store.key(path))
    return True


@contextmanager
def held(store: Store, wave: Wave, what: str) -> Iterator[str]:
    """Holds a wave for a command of this process; yields the run's name."""
    name = f"{what}, process {os.getpid()} on {socket.gethostname()}"
    take(store, wave, Holder.this_process(name))
    try:
        yield name
    finally:
        release(store, wave, name)


def _break(store: Store, path: Path, found: Holder) -> None:
    """Removes the lock of a holder that has ended, and only that one: the lock of a new holder is put back."""
    if store.elsewhere:
        # the holder was a process of this machine: only processes of this machine find it gone
        with FileLock(store.root / ".lease.lock"):
            _release(store, path, found.run)
        return
    aside = path.with_name(f".{path.name}.{uuid4().hex}.gone")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if json.loads(aside.read_text(encoding="utf-8"))["run"] != found.run:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()
