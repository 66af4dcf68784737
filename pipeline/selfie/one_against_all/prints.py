"""What is kept of a photograph for comparing it with all others: hashes of its file and picture, and its descriptor.

Workers append prints of what they look at to a folder of one run, sealed; the comparison reads them back by content.
A print is biometric data: it never leaves the folder unsealed and is deleted with the run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import SealedFileError
from pipeline.domain.settings import settings
from pipeline.selfie.one_against_all.copies import WORDS, bits_apart
from pipeline.selfie.one_against_all.faces import similarity
from pipeline.storage import key_ring
from pipeline.storage.sealed import SealedWriter, blocks_of, header_of, key_at

FORMAT = "gelombang prints 1"
#: ``apart`` and ``alike`` of a selfie whose reference could not be compared.
UNKNOWN_APART, UNKNOWN_ALIKE = -1, -2.0
_NOBODY = bytes(32)


@dataclass(frozen=True)
class Look:
    """One photograph: SHA-256 of its bytes, its picture hash [4], and its face's unit descriptor [d], None without."""

    sha256: bytes
    picture: NDArray[np.uint64]
    face: NDArray[np.float32] | None


@dataclass(frozen=True)
class Print:
    """A selfie, and how near it is to the register's photograph: bits apart (0–256) and similarity of the faces."""

    selfie: Look
    reference: bytes = _NOBODY
    apart: int = UNKNOWN_APART
    alike: float = UNKNOWN_ALIKE

    @classmethod
    def of(cls, selfie: Look, reference: Look | None, file: bytes | None) -> Print:
        """The print of a pair. ``file`` is the SHA-256 of the reference's bytes, None where there is none; a reference
        that is no picture has no look."""
        if reference is None:
            return cls(selfie, file or _NOBODY)
        apart = int(bits_apart(selfie.picture, reference.picture))
        if selfie.face is None or reference.face is None:
            return cls(selfie, reference.sha256, apart)
        return cls(selfie, reference.sha256, apart, float(similarity(selfie.face[None], reference.face[None])[0]))


def record(dimensions: int) -> np.dtype[np.void]:
    """One print as it is stored: 106 bytes and four for each dimension of the descriptor (zeros: no face)."""
    fields = [("selfie", "V32"), ("reference", "V32"), ("picture", "<u8", (WORDS,)), ("apart", "<i2"), ("alike", "<f8")]
    return np.dtype([*fields, ("face", "<f4", (dimensions,))])


class PrintLog:
    """Appends prints of one recogniser to a sealed file of this process."""

    def __init__(self, path: Path, key: bytes, model: str) -> None:
        self._path, self._key, self._model = path, key, model
        self._file: SealedWriter | None = None
        self._dimensions = 0

    def put(self, prints: Sequence[Print]) -> None:
        """Seals prints as one block. A print without a face has zeros for it."""
        if not prints:
            return
        seen = next((len(p.selfie.face) for p in prints if p.selfie.face is not None), 0)
        if self._file is None or (self._dimensions == 0 and seen):
            self._dimensions = seen
            header = {"format": FORMAT, "model": self._model, "dimensions": seen}
            path = self._path if self._file is None else self._path.with_suffix(f".{seen}{self._path.suffix}")
            self._file = SealedWriter(path, self._key, header)
        self._file.add(rows_of(prints, self._dimensions).tobytes())

    def put_rows(self, rows: NDArray[np.void]) -> None:
        """Seals prints that were read elsewhere, as one block of a new file."""
        header = {"format": FORMAT, "model": self._model, "dimensions": int(rows["face"].shape[1])}
        SealedWriter(self._path, self._key, header).add(rows.tobytes())


def rows_of(prints: Iterable[Print], dimensions: int) -> NDArray[np.void]:
    """Prints as records."""
    given = list(prints)
    rows = np.zeros(len(given), record(dimensions))
    for row, one in zip(rows, given, strict=True):
        row["selfie"], row["reference"] = np.void(one.selfie.sha256), np.void(one.reference)
        row["picture"], row["apart"], row["alike"] = one.selfie.picture, one.apart, one.alike
        if one.selfie.face is not None:
            row["face"] = one.selfie.face
    return rows


@dataclass(frozen=True)
class PrintFolder:
    """The prints of a run of ``wave``: ``folder`` below the root ``root``. Small enough to be handed to a worker."""

    folder: Path
    root: Path
    wave: str = ""

    def _key(self) -> bytes:
        """The wave's key where encryption is on, so that its prints go with it; else one of this installation."""
        if self.wave and settings().encryption.at_rest:
            return key_ring.made(self.root, self.wave)
        return key_at(settings().secrets, self.root)

    def log_of_this_process(self, model: str) -> PrintLog:
        """A log of its own; raises BadSettingError where the key cannot be used."""
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        return PrintLog(self.folder / f"{name}.sealed", self._key(), model)

    def read(self, model: str) -> list[NDArray[np.void]]:
        """Every print of a recogniser, file by file. What was sealed under another key is as if it were not there:
        it is looked at again."""
        key, found = self._key(), []
        for path in sorted(self.folder.glob("*.sealed")):
            try:
                header = header_of(path)
                if header.get("format") != FORMAT or header.get("model") != model:
                    continue
                rows = np.frombuffer(b"".join(blocks_of(path, key)), record(int(header["dimensions"])))
            except SealedFileError:
                continue
            found.append(rows)
        return found

    def remove(self) -> None:
        """Deletes them all."""
        shutil.rmtree(self.folder, ignore_errors=True)
