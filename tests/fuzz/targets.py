"""What reads changed files. Returns in a word what became of each; whatever is raised is a finding."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz import seeds
from tests.fuzz.run import Kind

#: A delivery that is always good: changed files beside it take none of its rows away.
_GOOD_ROWS = 100
#: Changed files repeat rows; that a wave stops for too many is not what is looked for.
SETTINGS = {"GELOMBANG_CHECKS__MAX_DUPLICATE_ID_SHARE": "1", "GELOMBANG_CHECKS__MAX_DUPLICATE_ID_ROWS": "1000000000"}


def photographs(content: Sequence[bytes]) -> list[str]:
    """One after another."""
    return [photograph(data) for data in content]


def photograph(data: bytes) -> str:
    """As a worker of the selfie stage looks at a selfie: decoded, and the face looked for."""
    from pipeline.domain.settings import settings
    from pipeline.selfie.decode import PhotoUnreadableError, decode_within
    from pipeline.selfie.detection.face_finder import find_turned
    from pipeline.selfie.one_against_all.copies import picture_hash

    try:
        pixels = decode_within(data, settings().selfie.limits()).pixels
    except PhotoUnreadableError:
        return "unreadable"
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.dtype == "uint8"
    picture_hash(pixels)
    _, found = find_turned(pixels)
    return "a face" if found.mesh is not None else "no face"


def registrations(suffix: str) -> Callable[[Sequence[bytes]], list[str]]:
    """As `ingest` reads a delivery: the changed files beside a good one. Rows in are rows taken in and set aside."""

    def read(content: Sequence[bytes]) -> list[str]:
        from pipeline.domain.calendar import Wave
        from pipeline.domain.errors import DuplicateRegistrationError
        from pipeline.ingest.registrations import ingest_registrations
        from pipeline.storage.paths import Store

        root = Path(mkdtemp(prefix="gelombang-fuzz-"))
        try:
            folder = root / "landing" / "wave-0001" / "registrations"
            folder.mkdir(parents=True)
            good = seeds.texts()[0].replace(b"\nR", b"\nGOOD-")
            (folder / "good.csv").write_bytes(good)
            names = [f"changed-{number:02d}{suffix}" for number in range(len(content))]
            for name, data in zip(names, content, strict=True):
                (folder / name).write_bytes(data)
            wave = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
            try:
                ingest_registrations(Store.at(root), wave)
            except DuplicateRegistrationError:
                assert len(content) == 1
                return ["too many rows with one id"]
            record = json.loads((root / "work" / "wave-0001" / "ingest.json").read_text())
            by_file = {one["file"]: one for one in record["files"]}
            assert by_file["good.csv"]["taken_in"] == _GOOD_ROWS, by_file["good.csv"]
            return ["read" if by_file[name].get("taken_in") else "nothing taken in" for name in names]
        finally:
            shutil.rmtree(root)

    return read


KINDS = {
    "photograph": Kind("photograph", seeds.photographs, photographs),
    "csv": Kind("csv", seeds.texts, registrations(".csv"), seeds.TOGETHER),
    "parquet": Kind("parquet", seeds.parquets, registrations(".parquet"), seeds.TOGETHER),
}
