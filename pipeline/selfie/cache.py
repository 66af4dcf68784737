"""Measurements that were paid for, by the content of both photographs: a rerun or a refill computes nothing twice.

One append-only file per process below a folder, one JSON line per pair. A line that a kill cut off is ignored. Holds
scores and a distance, never a picture or an embedding.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

from pipeline.selfie.networks.assets import OWN_WEIGHTS
from pipeline.selfie.verdict import Measurement

#: Part of every key, with the hash of our own weights: raise it whenever a change of code can alter a measurement.
VERSION = 9
#: Where a line's key has its first 64 bits: ``{"key":"0123456789abcdef…``.
_KEY = slice(8, 24)
_FILE_BITS = 20


def key(selfie: bytes, reference: bytes | None, model: str, limits: str) -> str:
    """SHA-256 over both photographs' own SHA-256 digests, the recogniser, this software's measurement version, and
    ``limits``: the settings that decide what is seen of a photograph.
    """
    return hashlib.sha256(selfie + (reference or b"-") + f"{model}/{_software()}/{limits}".encode()).hexdigest()


@cache
def _software() -> str:
    """What measures, as far as it can change: the version of the code and the bytes of the weights trained here."""
    weights = sorted(OWN_WEIGHTS.glob("*.npz"))
    return f"{VERSION}/{hashlib.sha256(b''.join(path.read_bytes() for path in weights)).hexdigest()}"


class MeasurementCache:
    """What this and other processes measured below a folder.

    In memory is only where each line begins, under the first 64 bits of its key: a worker that has seen a whole wave
    then holds some twenty megabytes more than at the start, not two hundred.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._at: dict[int, int] = {}  # start of a key → place in the file, and the file's number in the lowest bits
        self._files: list[Path] = []
        self._numbers: dict[Path, int] = {}
        self._read_to: dict[Path, int] = {}
        self._own = folder / f"{os.getpid()}-{os.urandom(4).hex()}.jsonl"

    def refresh(self) -> None:
        """Notes what was appended since the last look, by whomever."""
        for path in sorted(self._folder.glob("*.jsonl")):
            start = self._read_to.get(path, 0)
            if path.stat().st_size <= start:
                continue
            with path.open("rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # cut off by a kill, or still being written
                    self._note(path, start, line)
                    start += len(line)
            self._read_to[path] = start

    def _note(self, path: Path, start: int, line: bytes) -> None:
        if path not in self._numbers:
            self._numbers[path] = len(self._files)
            self._files.append(path)
        with suppress(ValueError):  # not a line of ours
            self._at[int(line[_KEY], 16)] = start << _FILE_BITS | self._numbers[path]

    def get(self, known: str) -> Measurement | None:
        """The measurement under a key, if anyone made it."""
        place = self._at.get(int(known[:16], 16))
        if place is None:
            return None
        with self._files[place & ((1 << _FILE_BITS) - 1)].open("rb") as file:
            file.seek(place >> _FILE_BITS)
            line = file.readline()
        try:
            entry = json.loads(line)
            return Measurement(**entry) if entry.pop("key") == known else None
        except (ValueError, TypeError, KeyError):
            return None  # damaged, or written by another version

    def put(self, measured: dict[str, Measurement]) -> None:
        """Keeps measurements, in one write."""
        if not measured:
            return
        lines = [json.dumps({"key": k, **asdict(m)}, separators=(",", ":")) for k, m in measured.items()]
        with self._own.open("ab") as file:
            file.write(("\n".join(lines) + "\n").encode())
        self.refresh()
