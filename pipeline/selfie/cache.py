"""Measurements that were paid for, by the content of both photographs: a rerun or a refill computes nothing twice.

One append-only file per process below a folder, one JSON line per pair. A line that a kill cut off is ignored. Holds
scores and a distance, never a picture or an embedding.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from functools import cache
from pathlib import Path

from pipeline.selfie.assets import OWN_WEIGHTS
from pipeline.selfie.verdict import Measurement

#: Part of every key, with the hash of our own weights: raise it whenever a change of code can alter a measurement.
VERSION = 4


def key(selfie: bytes, reference: bytes | None, model: str) -> str:
    """SHA-256 over both photographs' own hashes, the recogniser and this software's measurement version."""
    parts = [hashlib.sha256(selfie).digest(), hashlib.sha256(reference).digest() if reference is not None else b"-"]
    return hashlib.sha256(b"".join(parts) + f"{model}/{_software()}".encode()).hexdigest()


@cache
def _software() -> str:
    """What measures, as far as it can change: the version of the code and the bytes of the weights trained here."""
    weights = sorted(OWN_WEIGHTS.glob("*.npz"))
    return f"{VERSION}/{hashlib.sha256(b''.join(path.read_bytes() for path in weights)).hexdigest()}"


class MeasurementCache:
    """What this and other processes measured below a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._known: dict[str, Measurement] = {}
        self._read_to: dict[Path, int] = {}
        self._own = folder / f"{os.getpid()}-{os.urandom(4).hex()}.jsonl"

    def refresh(self) -> None:
        """Reads what was appended since the last look, by whomever."""
        for path in sorted(self._folder.glob("*.jsonl")):
            start = self._read_to.get(path, 0)
            if path == self._own or path.stat().st_size <= start:
                continue
            with path.open("rb") as file:
                file.seek(start)
                content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read_to[path] = start + len(whole)
            for line in whole.splitlines():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            self._known[entry.pop("key")] = Measurement(**entry)
        except (ValueError, TypeError, KeyError):
            return  # cut off by a kill, or written by another version

    def get(self, known: str) -> Measurement | None:
        """The measurement under a key, if anyone made it."""
        return self._known.get(known)

    def put(self, measured: dict[str, Measurement]) -> None:
        """Keeps measurements, in one write."""
        if not measured:
            return
        lines = [json.dumps({"key": k, **asdict(m)}, separators=(",", ":")) for k, m in measured.items()]
        with self._own.open("ab") as file:
            file.write(("\n".join(lines) + "\n").encode())
        self._known.update(measured)
