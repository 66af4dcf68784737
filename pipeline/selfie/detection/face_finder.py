"""Whose picture this is: the applicant's face among all that are found, and whether a second person is next to it.

A selfie with KTP shows two faces by design: the card's portrait is much smaller than its holder's face. Looks at pixels
only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.detection.detector import BACK, FULL, SHORT, Detection, detect
from pipeline.selfie.detection.mesh import Mesh, mesh_of
from pipeline.selfie.detection.pose import pose

#: A face that the mesh is less sure of may be upside down: brow and chin pass for each other. Of 800 photographs
#: (LFW, CelebA, groups.csv) 99 % of upright faces of LFW and UTKFace and 95 % of CelebA's reach it; of 690 faces on
#: their heads, three do.
SURELY_UPRIGHT = 1 - 1e-7
#: A face counts when the mesh, too, is this sure that it is one.
PRESENCE = 0.5
#: A second face of at least this share of the applicant's size, and this much of it inside the picture, is a second
#: person. On 2,402 press photographs (LFW) that is seen in 3 %; with half the size, or cut off at the edge, in 8 %. A
#: card's portrait in an outstretched hand stays below half.
SECOND_PERSON = 0.6
WHOLE = 0.9
#: Looks one after another until a face is found: detector, least score, margin around the picture. FULL costs half of
#: BACK; of 66 photographs on which SHORT saw no face, either order finds the same 60 faces.
LOOKS = ((SHORT, 0.5, 0.0), (FULL, 0.4, 0.0), (BACK, 0.5, 0.0), (SHORT, 0.4, 0.25), (BACK, 0.3, 0.25))
#: Looks at a picture that was turned: the two cheap ones. Of 700 photographs on their side or head (LFW, CelebA,
#: groups.csv) all five looks find the face and its way up in 698, these two in 697; of 500 cut close to the face both
#: in 496. A photograph without a face costs 67 instead of 140 ms.
TURNED_LOOKS = LOOKS[:2]
#: By quarters, anticlockwise, as numpy's ``rot90``, which takes four times as long to lay the turned picture out.
_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True)
class Found:
    """``main``: the applicant's face and its mesh (None without one); ``count``: faces seen; ``several``: people;
    ``turned``: the picture had to be turned by a quarter or a half before a face was found; ``quarters``: by how many
    quarters, anticlockwise."""

    main: Detection | None
    mesh: Mesh | None
    count: int
    several: bool
    turned: bool = False
    quarters: int = 0


def find(image: NDArray[np.uint8], looks: tuple[tuple[str, float, float], ...] = LOOKS) -> Found:
    """The applicant: of the faces that are really there the largest, weighed by how central it is."""
    for name, score, margin in looks:
        faces = [(face, mesh_of(image, face)) for face in detect(image, name, score, margin)[:6]]
        faces = [(face, mesh) for face, mesh in faces if mesh.presence >= PRESENCE]
        if faces:
            return _choose(image, faces)
    return Found(None, None, count=0, several=False)


def find_turned(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Found]:
    """The applicant also where the whole picture is turned by a quarter or a half: the picture as it was looked
    at, and what was found in it. Four ways up are compared where the first is not clearly the right one."""
    picture, best = image, find(image)
    for quarters in (1, 2, 3):
        if _how_sure(best) >= (True, SURELY_UPRIGHT):
            break
        turned = np.asarray(cv2.rotate(image, _TURNS[quarters]), np.uint8)
        found = find(turned, TURNED_LOOKS)
        if _how_sure(found) > _how_sure(best):
            picture, best = turned, replace(found, turned=True, quarters=quarters)
    return picture, best


def _how_sure(found: Found) -> tuple[bool, float]:
    return _upright(found), found.mesh.presence if found.mesh is not None else 0.0


def _upright(found: Found) -> bool:
    return found.mesh is not None and round(pose(found.mesh).roll / 90) % 4 == 0


def _choose(image: NDArray[np.uint8], faces: list[tuple[Detection, Mesh]]) -> Found:
    middle = np.array(image.shape[1::-1], np.float32) / 2
    reach = float(np.linalg.norm(middle))

    def weight(face: Detection) -> float:
        return face.side * (1 - 0.5 * float(np.linalg.norm(face.centre - middle)) / reach)

    main, mesh = max(faces, key=lambda pair: weight(pair[0]))
    others = [
        face
        for face, _ in faces
        if face is not main and face.side >= SECOND_PERSON * main.side and _inside(image, face) >= WHOLE
    ]
    return Found(main, mesh, len(faces), bool(others))


def _inside(image: NDArray[np.uint8], face: Detection) -> float:
    """The share of a face's box that is in the picture."""
    limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    kept = np.clip(face.box, 0, limits)
    whole = np.prod(face.box[2:] - face.box[:2])
    return float(np.prod(kept[2:] - kept[:2]) / max(float(whole), 1e-6))
