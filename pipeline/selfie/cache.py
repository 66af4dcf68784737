"""A cache of measurements by the content of both photographs: a rerun or a refill computes nothing twice.

One append-only file per process below a folder, one JSON line per pair (``kept_lines.py``): plain, or with encryption
at rest sealed under the key of the wave, and then of use to that wave alone. Holds scores and a distance, never a
picture or an embedding. Each line carries a MAC under a key of this installation: one that was altered, forged or moved
is refused and named, and its photographs are measured again.
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
from pipeline.selfie.kept_lines import PLAIN, SEALED, Lines, PlainEnd, PlainLines, SealedLines, sealed_end
from pipeline.selfie.networks.assets import OWN_WEIGHTS
from pipeline.selfie.verdict import Measurement
from pipeline.storage import key_ring
from pipeline.storage.sealed import SealedWriter, key_at

#: Part of every key, with the hash of our own weights: raise it when a change of code can alter a measurement, or
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


#: The settings of photographs that change a measurement.
LIMITS = ("max_pixels", "max_full_pixels", "detect_side")


def limits_text(max_pixels: int, max_full_pixels: int, detect_side: int) -> str:
    """Those settings as a part of a key."""
    return f"{max_pixels}/{max_full_pixels}/{detect_side}"


#: Raise it when a change of code can alter the result for a card.
_CARD_VERSION = 4


def with_card(limits: str, nik: str | None) -> str:
    """The same part where the identity card is looked for, and compared with a number."""
    return f"{limits}/card {_CARD_VERSION}/{nik or ''}"


def kept_of(kept: VerdictFolder, keys: set[str]) -> set[str]:
    """Those of the keys under which a measurement is kept, of any wave. Raises MasterKeyError."""
    return {line[_KEY].decode() for _, _, line in _lines_of(kept, keys)}


def forget(kept: VerdictFolder, keys: set[str]) -> list[Path]:
    """Overwrites the measurements under these keys; every other line stays where it is. Returns the files."""
    found = list(_lines_of(kept, keys))
    for lines, place, line in found:
        lines.blank(place, len(line.rstrip(b"\n")))
    return sorted({lines.path for lines, _, _ in found})


def _lines_of(kept: VerdictFolder, keys: set[str]) -> Iterator[tuple[Lines, int, bytes]]:
    """The lines under one of these keys, with their files and places."""
    wanted = {key.encode() for key in keys}
    every: list[Lines] = [PlainLines(path, cut_off=True) for path in sorted(kept.folder.glob(PLAIN))]
    for folder in sorted(path for path in kept.folder.glob("wave-*") if path.is_dir()):
        if not key_ring.is_destroyed(kept.root, folder.name):
            key = key_ring.opened(kept.root, folder.name)
            every += [SealedLines(path, key) for path in sorted(folder.glob(SEALED))]
    for lines in every:
        yield from ((lines, place, line) for place, line in lines.new() if line[_KEY] in wanted)


@cache
def _software() -> str:
    """Everything that can change a measurement: the version of the code and the bytes of the weights trained here."""
    weights = sorted(OWN_WEIGHTS.glob("*.npz"))
    return f"{VERSION}/{hashlib.sha256(b''.join(path.read_bytes() for path in weights)).hexdigest()}"


@dataclass(frozen=True)
class VerdictFolder:
    """Where measurements are kept: ``folder`` below the data root ``root``, for a run of ``wave``. Small enough to be
    handed to a worker."""

    folder: Path
    root: Path
    wave: str = ""

    def opened(self) -> MeasurementCache:
        """Its measurements, proven by this installation's key. Raises BadSettingError, MasterKeyError."""
        secret = key_at(settings().secrets, self.root, "verdicts")
        if not self.wave or not (settings().encryption.at_rest or (self.folder / self.wave).is_dir()):
            return MeasurementCache(self.folder, secret)
        return MeasurementCache(self.folder, secret, self.wave, key_ring.made(self.root, self.wave))


class MeasurementCache:
    """What this and other processes measured below a folder.

    Memory keeps only the position of each line, under the first 64 bits of its key. So a worker that has seen a whole
    wave needs twenty megabytes for it, not two hundred. A line is proven when it is asked for, and where two lines have
    one key: of these a proven one counts.
    """

    def __init__(self, folder: Path, secret: bytes, wave: str = "", sealing: bytes | None = None) -> None:
        """``sealing``: the key of the wave, under which whatever is put is sealed."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._wave, self._sealing = folder, wave, sealing
        self._secret = secret
        self._at: dict[int, int] = {}  # start of a key → place in the file, and the file's number in the lowest bits
        self._files: list[Lines] = []
        self._numbers: dict[Path, int] = {}
        self._refused: set[str] = set()
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._own: PlainEnd | SealedWriter = PlainEnd(folder / f"{name}.jsonl")
        if sealing is not None:
            self._own = sealed_end(folder / wave / f"{name}.sealed", sealing)

    def refresh(self) -> None:
        """Notes what any process appended since the last look."""
        for path in sorted(self._folder.glob(PLAIN)):
            self._look(path, None)
        if self._sealing is not None:
            for path in sorted((self._folder / self._wave).glob(SEALED)):
                self._look(path, self._sealing)

    def _look(self, path: Path, key: bytes | None) -> None:
        if path not in self._numbers:
            self._numbers[path] = len(self._files)
            self._files.append(PlainLines(path) if key is None else SealedLines(path, key))
        number = self._numbers[path]
        for place, line in self._files[number].new():
            self._note(place << _FILE_BITS | number, line)

    def _note(self, place: int, line: bytes) -> None:
        with suppress(ValueError):  # not a line of this installation
            known = int(line[_START], 16)
            before = self._at.setdefault(known, place)
            if before != place and self._proven(before, self._line(before)) is None:
                self._at[known] = place
            elif before != place:
                self._proven(place, line)  # it changes nothing; a forged line is named

    def get(self, known: str) -> Measurement | None:
        """The measurement under a key; None where there is none."""
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
        self._own.add(b"".join(self._written(known, m) for known, m in measured.items()))
        self.refresh()

    def refused(self) -> tuple[str, ...]:
        """The lines that were refused since this was last asked: file and place, in order."""
        changed = {name for lines in self._files for name in lines.changed()}
        found, self._refused = sorted(self._refused | changed), set()
        return tuple(found)

    def _line(self, place: int) -> bytes:
        return self._files[place & ((1 << _FILE_BITS) - 1)].at(place >> _FILE_BITS)

    def _proven(self, place: int, line: bytes) -> Measurement | None:
        """The measurement of a line that this installation wrote; other lines are named. None for a line that is gone:
        its file was deleted since."""
        if not line:
            return None
        known, measured = line[_KEY], line[_MEASURED:].rstrip(b"\n")
        with suppress(ValidationError):
            if hmac.compare_digest(line, self._signed(known, measured)):
                return _READ.validate_json(b"{" + measured)
        self._refused.add(self._files[place & ((1 << _FILE_BITS) - 1)].named(place >> _FILE_BITS))
        return None

    def _written(self, known: str, measured: Measurement) -> bytes:
        return self._signed(known.encode(), _READ.dump_json(measured)[1:])

    def _signed(self, known: bytes, measured: bytes) -> bytes:
        """A whole line: the MAC is over the key and every byte of what was measured."""
        mac = hmac.digest(self._secret, known + b"\n" + measured, "sha256").hex()[:32].encode()
        return b'{"key":"' + known + b'","mac":"' + mac + b'",' + measured + b"\n"
