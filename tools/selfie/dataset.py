"""Reads the folder of labelled photographs (its README says what is in it) and cuts every face as the pipeline does."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.decode import decode
from pipeline.selfie.defects import features
from pipeline.selfie.detection.detector import Detection
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.detection.mesh import Mesh

NAN = math.nan
#: The folders with labels or with groups of people.
SOURCES = ("lfw", "celeba", "hijab", "groups")


@dataclass
class Example:
    """A photograph and its face. ``truth``: 0/1 per defect, NaN where it is not known; ``person`` is the unit of every
    split."""

    path: str
    source: str
    person: str
    pixels: NDArray[np.uint8]
    face: Detection | None
    mesh: Mesh | None
    several: bool
    truth: dict[str, float] = field(default_factory=dict)
    by_eye: bool = False
    ears_sure: bool = False
    male: float = NAN
    young: float = NAN
    blurry: float = NAN
    light: str = ""
    sharp: str = ""
    pose: str = ""
    collection: str = ""
    group: str = ""
    sex: str = ""
    age: float = NAN

    def chip(self) -> NDArray[np.uint8]:
        """The aligned square that features are taken from."""
        assert self.mesh is not None
        return features.square(self.pixels, self.mesh)

    def seen(self) -> NDArray[np.bool_]:
        """Which part of the square lies inside the picture."""
        assert self.mesh is not None
        return features.visible(self.pixels, self.mesh)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _same_face(face: Detection, row: dict[str, str]) -> bool:
    """Whether the labelled box and the face that was found are one."""
    box = np.array([float(row[name]) for name in ("x0", "y0", "x1", "y1")])
    low, high = np.maximum(face.box[:2], box[:2]), np.minimum(face.box[2:], box[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared > 0.2 * min(float(np.prod(face.box[2:] - face.box[:2])), float(np.prod(box[2:] - box[:2])))


def load(faces: Path, sources: tuple[str, ...] = SOURCES[:3], every: int = 1) -> list[Example]:
    """All photographs in the order of their names (every ``every``-th); a face that is not the labelled one keeps no
    label."""
    celeba = {row["path"]: row for row in _rows(faces / "celeba.csv")}
    by_eye = {row["path"]: row for row in _rows(faces / "labels.csv")}
    hijab = {row["path"]: row for row in _rows(faces / "hijab.csv")}
    groups = {row["path"]: row for row in _rows(faces / "groups.csv")}
    examples = []
    for path in [p for source in sources for p in sorted((faces / source).glob("*.jpg"))[::every]]:
        name = path.relative_to(faces).as_posix()
        pixels = decode(path.read_bytes(), 120_000_000, 640).pixels
        found = find(pixels)
        one = Example(name, path.parent.name, name, pixels, found.main, found.mesh, found.several)
        if one.source == "lfw":
            one.person = "lfw" + path.stem.split("_")[0]
        elif one.source == "celeba":
            _celeba(one, celeba[name], by_eye.get(name))
        elif one.source == "groups":
            _groups(one, groups[name])
        else:
            _hijab(one, hijab[name])
        examples.append(one)
    return examples


def _celeba(one: Example, row: dict[str, str], eye: dict[str, str] | None) -> None:
    one.person = "celeba" + row["person"]
    one.male, one.young, one.blurry = float(row["male"]), float(row["young"]), float(row["blurry"])
    one.truth = {"glasses": float(row["eyeglasses"]), "hat": float(row["wearing_hat"]), "scarf": 0.0}
    if eye is None:
        return
    if one.face is not None and not _same_face(one.face, eye):
        one.truth = {}
        return
    one.by_eye = True
    one.ears_sure = "ears" not in eye["note"] and eye["ears"] in ("none", "both")
    one.light, one.sharp, one.pose = eye["light"], eye["sharp"], eye["pose"]
    one.truth = {
        "glasses": float(eye["glasses"] != "none"),
        "hat": NAN if eye["head"] == "band" else float(eye["head"] == "hat"),
        "scarf": float(eye["head"] == "scarf"),
        "ears_hidden": float(eye["ears"] == "none") if eye["ears"] in ("none", "both") else NAN,
    }


def _hijab(one: Example, row: dict[str, str]) -> None:
    if one.face is None or _same_face(one.face, row):
        one.truth = {"hat": 0.0, "scarf": float(row["kind"] == "hijab")}


def _groups(one: Example, row: dict[str, str]) -> None:
    one.collection, one.group, one.sex = row["set"], row["group"], row["sex"]
    one.age = float(row["age"] or NAN)
    if row["lfw_person"]:
        one.person = f"lfw{int(row['lfw_person']):04d}"
