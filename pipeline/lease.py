"""A lock on a wave that outlives a process: the tasks of a run are many processes, on many machines, over days.

One file ``work/wave-NNNN.lock`` names the run that holds the wave; it is made whole or not at all, by one winner. A run
that is asked again (a task tried once more) still holds it. A holder that was a process of this machine and is gone
holds nothing; any other is released by its run's last task, or by `gelombang unlock`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psutil

from pipeline.calendar import Wave
from pipeline.errors import WaveLockedError
from pipeline.store import Store


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
        """Whether the holder was a process of this machine that is no more."""
        if self.process is None or self.host != socket.gethostname():
            return False
        try:
            return bool(psutil.Process(self.process).create_time() != self.begun)
        except psutil.NoSuchProcess:
            return True

    def __str__(self) -> str:
        return f"{self.run} (since {self.since})"


def path_of(store: Store, wave: Wave) -> Path:
    """Where a wave's lock is."""
    return store.root / "work" / f"{wave.key}.lock"


def holder_of(store: Store, wave: Wave) -> Holder | None:
    """Who holds a wave; None when nobody does."""
    try:
        return Holder(**json.loads(path_of(store, wave).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def take(store: Store, wave: Wave, holder: Holder) -> None:
    """Takes a wave for a run, or finds that the run has it. Raises WaveLockedError, which names the holder."""
    path = path_of(store, wave)
    path.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    own = path.with_name(f".{path.name}.{uuid4().hex}")
    own.write_text(json.dumps({**asdict(holder), "since": now}), encoding="utf-8")
    try:
        for _ in range(2):
            with suppress(FileExistsError):
                os.link(own, path)  # fails if anybody has it: there is one winner
                return
            found = holder_of(store, wave)
            if found is None:
                continue
            if found.run == holder.run:
                return
            if not found.gone():
                raise WaveLockedError(f"Wave {wave.number} is held by {found}.")
            _break(path, found)
        raise WaveLockedError(f"Wave {wave.number} was taken by another run at this moment.")
    finally:
        own.unlink(missing_ok=True)


def must_hold(store: Store, wave: Wave, run: str) -> None:
    """Raises WaveLockedError unless the run holds the wave: its lock was broken while it slept."""
    found = holder_of(store, wave)
    if found is None or found.run != run:
        raise WaveLockedError(f"The run {run} no longer holds wave {wave.number}: {found or 'nobody'} does.")


def release(store: Store, wave: Wave, run: str) -> bool:
    """Gives a wave back, if the run has it."""
    found = holder_of(store, wave)
    if found is None or found.run != run:
        return False
    path_of(store, wave).unlink(missing_ok=True)
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


def _break(path: Path, found: Holder) -> None:
    """Takes away the lock of a holder that is gone, and only that one: a new holder's is put back."""
    aside = path.with_name(f".{path.name}.{uuid4().hex}.gone")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if json.loads(aside.read_text(encoding="utf-8"))["run"] != found.run:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()
