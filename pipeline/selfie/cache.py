"""Measurements that were paid for, by the content of both photographs: a rerun or a refill computes nothing twice.

One append-only file per process below a folder, one JSON line per pair. A line that a kill cut off is ignored. Holds
scores and a distance, never a picture or an embedding. Each line carries a MAC under a key of this installation: one
that was altered, forged or moved is refused, named, and what it says is measured anew.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.domain.settings import settings
from pipeline.selfie.networks.assets import OWN_WEIGHTS
from pipeline.selfie.verdict import Measurement
from pipeline.storage.sealed import key_at

#: Part of every key, with the hash of our own weights: raise it whenever a change of code can alter a measurement, or
#: the form of a line changes.
VERSION = 11
#: A line is ``{"key":"<64>","mac":"<32>",`` and then what was measured. The key's first 64 bits find it.
_START = slice(8, 24)
_KEY = slice(8, 72)
_MAC = slice(81, 113)
_MEASURED = 115
_FILE_BITS = 20
_READ: TypeAdapter[Measurement] = TypeAdapter(Measurement)


def key(selfie: bytes, reference: bytes | None, model: str, limits: str) -> str:
    """SHA-256 over both photographs' own SHA-256 digests, the recogniser, this software's measurement version, and
    ``limits``: the settings that decide what is seen of a photograph.
    """
    return hashlib.sha256(selfie + (reference or b"-") + f"{model}/{_software()}/{limits}".encode()).hexdigest()


#: The settings of photographs that decide what is seen.
LIMITS = ("max_pixels", "max_full_pixels", "detect_side")


def limits_text(max_pixels: int, max_full_pixels: int, detect_side: int) -> str:
    """Those settings as a part of a key."""
    return f"{max_pixels}/{max_full_pixels}/{detect_side}"


def kept_of(folder: Path, keys: set[str]) -> set[str]:
    """Those of the keys under which a measurement is kept."""
    return {key for path in sorted(folder.glob("*.jsonl")) for key, _, _ in _lines_of(path, keys)}


def forget(folder: Path, keys: set[str]) -> int:
    """Overwrites the measurements under these keys; every other line stays where it is. Returns how many lines."""
    n = 0
    for path in sorted(folder.glob("*.jsonl")):
        for _, start, length in list(_lines_of(path, keys)):
            with path.open("r+b") as file:
                file.seek(start)
                file.write(b" " * length)
            n += 1
    return n


def _lines_of(path: Path, keys: set[str]) -> Iterator[tuple[str, int, int]]:
    """Key, place and length (without its end) of each line under one of these keys."""
    wanted, start = {key.encode() for key in keys}, 0
    with path.open("rb") as file:
        for line in file:
            if line[_KEY] in wanted:
                yield line[_KEY].decode(), start, len(line.rstrip(b"\n"))
            start += len(line)


@cache
def _software() -> str:
    """What measures, as far as it can change: the version of the code and the bytes of the weights trained here."""
    weights = sorted(OWN_WEIGHTS.glob("*.npz"))
    return f"{VERSION}/{hashlib.sha256(b''.join(path.read_bytes() for path in weights)).hexdigest()}"


@dataclass(frozen=True)
class VerdictFolder:
    """Where measurements are kept: ``folder`` below the data root ``root``. Small enough to be handed to a worker."""

    folder: Path
    root: Path

    def opened(self) -> MeasurementCache:
        """Its measurements, proven by this installation's key. Raises BadSettingError."""
        return MeasurementCache(self.folder, key_at(settings().secrets, self.root, "verdicts"))


class MeasurementCache:
    """What this and other processes measured below a folder.

    In memory is only where each line begins, under the first 64 bits of its key: a worker that has seen a whole wave
    then holds some twenty megabytes more than at the start, not two hundred. So a line is proven when it is asked for,
    and where two stand under one key: of these a proven one counts, wherever it stands.
    """

    def __init__(self, folder: Path, secret: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._secret = secret
        self._at: dict[int, int] = {}  # start of a key → place in the file, and the file's number in the lowest bits
        self._files: list[Path] = []
        self._numbers: dict[Path, int] = {}
        self._read_to: dict[Path, int] = {}
        self._refused: set[str] = set()
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
        place = start << _FILE_BITS | self._numbers[path]
        with suppress(ValueError):  # not a line of ours
            known = int(line[_START], 16)
            before = self._at.setdefault(known, place)
            if before != place and self._proven(before, self._line(before)) is None:
                self._at[known] = place
            elif before != place:
                self._proven(place, line)  # it changes nothing; one that is forged is named

    def get(self, known: str) -> Measurement | None:
        """The measurement under a key, if anyone made it."""
        place = self._at.get(int(known[:16], 16))
        if place is None:
            return None
        line = self._line(place)
        measured = self._proven(place, line)
        return measured if line[_KEY] == known.encode() else None

    def put(self, measured: dict[str, Measurement]) -> None:
        """Keeps measurements, in one write."""
        if not measured:
            return
        with self._own.open("ab") as file:
            file.write(b"".join(self._written(known, m) for known, m in measured.items()))
        self.refresh()

    def refused(self) -> tuple[str, ...]:
        """The lines that were refused since this was last asked: file and place, in order."""
        found, self._refused = sorted(self._refused), set()
        return tuple(found)

    def _line(self, place: int) -> bytes:
        with self._files[place & ((1 << _FILE_BITS) - 1)].open("rb") as file:
            file.seek(place >> _FILE_BITS)
            return file.readline()

    def _proven(self, place: int, line: bytes) -> Measurement | None:
        """What a line says, if this installation wrote it so; else it is named."""
        known, measured = line[_KEY], line[_MEASURED:].rstrip(b"\n")
        with suppress(ValidationError):
            if hmac.compare_digest(line, self._signed(known, measured)):
                return _READ.validate_json(b"{" + measured)
        self._refused.add(f"{self._files[place & ((1 << _FILE_BITS) - 1)].name}:{place >> _FILE_BITS}")
        return None

    def _written(self, known: str, measured: Measurement) -> bytes:
        return self._signed(known.encode(), _READ.dump_json(measured)[1:])

    def _signed(self, known: bytes, measured: bytes) -> bytes:
        """A whole line: the MAC is over the key and every byte of what was measured."""
        mac = hmac.digest(self._secret, known + b"\n" + measured, "sha256").hex()[:32].encode()
        return b'{"key":"' + known + b'","mac":"' + mac + b'",' + measured + b"\n"
