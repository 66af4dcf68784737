"""A finished wave with a few doubtful pairs, small pictures and no run: what a reviewer's page is made of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from pipeline.domain import contracts
from pipeline.domain.calendar import Wave
from pipeline.domain.reasons import DEFECTS
from pipeline.domain.settings import Settings
from pipeline.storage.files import read_text, write_json, write_table
from pipeline.storage.paths import Store, project_data

NUMBER = 12
#: Each id with its reasons; the second's photograph is not in the register.
CASES: dict[str, list[str]] = {"R1": [], "R2": ["reference_missing"], "R3": []}


def policy() -> dict[str, Any]:
    """The thresholds of the built-in policy."""
    from pipeline.selfie.policy import SelfiePolicy

    return SelfiePolicy.default(Settings()).model_dump(mode="json")


def picture(colour: str = "red", size: tuple[int, int] = (60, 40), **exif: Any) -> bytes:
    """A JPEG, its left half white; with ``orientation`` or ``make`` as a phone would write them."""
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 2, size[1]))
    tags = image.getexif()
    for tag, value in exif.items():
        tags[{"orientation": 0x0112, "make": 0x010F}[tag]] = value
    out = io.BytesIO()
    image.save(out, "JPEG", exif=tags)
    return out.getvalue()


def make(root: Path, cases: dict[str, list[str]] | None = None, **columns: dict[str, Any]) -> tuple[Store, Wave]:
    """Writes the wave; ``columns`` gives single applications other values in review.parquet (``R1={"selfie": …}``)."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "calendar.toml").write_text(read_text(project_data() / "calendar.toml"))
    store = Store.at(root)
    wave = store.calendar().wave(NUMBER)
    rows = [_row(id_, reasons) | columns.get(id_, {}) for id_, reasons in (cases or CASES).items()]
    for n, row in enumerate(rows):
        for folder, name in (
            (store.landing(wave, "selfies"), f"{row['registration_id']}.jpg"),
            (store.extract("photos"), f"0/{row['registration_id']}.jpg"),
        ):
            if folder.name == "photos" and "reference_missing" in row["reasons"]:
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(picture(("red", "green", "blue")[n % 3]))
    out = store.out(wave)
    write_table(pa.Table.from_pylist(rows, contracts.REVIEW), out / "review.parquet", contracts.REVIEW)
    decided = [
        {
            **dict.fromkeys(contracts.DECISIONS.names),
            "registration_id": row["registration_id"],
            "nik": "3171015505900001",
        }
        | {
            "outcome": "review",
            "reasons": row["reasons"],
            "warnings": row.get("warnings", ["glasses"]),
            "reviewed": False,
        }
        for row in rows
    ]
    write_table(pa.Table.from_pylist(decided, contracts.DECISIONS), out / "decisions.parquet", contracts.DECISIONS)
    write_json({"wave": NUMBER, "selfie_policy": policy()}, out / "manifest.json")
    return store, wave


def _row(id_: str, reasons: list[str]) -> dict[str, Any]:
    scores = dict.fromkeys(DEFECTS, 0.125) | {"glasses": 0.875}
    similarity = None if reasons else 0.75
    where = {"selfie": f"{id_}.jpg", "reference": f"0/{id_}.jpg"}
    return {"registration_id": id_, "reasons": reasons, "similarity": similarity, **scores, "faces": 1, **where}
