"""Scores the six defects of one face, and says "unknown" where the picture does not show the part in question.
Pixels only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.defects import features
from pipeline.selfie.defects.classifier import classifier
from pipeline.selfie.defects.light import light
from pipeline.selfie.detection.mesh import Mesh
from pipeline.selfie.detection.pose import Pose, pose, tilted
from pipeline.selfie.networks.efficientnet import Maps

#: An RGB picture and the mesh of the face that was found in it.
Face = tuple[NDArray[np.uint8], Mesh]

#: Share of a region that must lie inside the picture before its score is known.
_SEEN = {"glasses": 0.85, "hat": 0.55, "ears_hidden": 0.75, "scarf": 0.4}


#: Below the first, the selfie shows no defect that the reference could explain; below the second, no covering that both
#: could show: hair hides the ears. Of 250 women in hijab and 7 in other scarves, none whose hat or ears score reaches
#: the first has less than 0.09 of the second (held out by person); two of three other faces have.
_WORTH_ASKING = 0.2
_SOME_COVERING = 0.05


@dataclass(frozen=True)
class Scores:
    """0–1, None = unknown. ``scarf``: how sure a covering is seen that frames the whole face; ``hat`` and
    ``ears_hidden`` are already low then. Angles in degrees: ``roll`` clockwise, ``yaw`` towards the picture's right,
    ``pitch`` downwards."""

    blur: float | None
    glasses: float | None
    ears_hidden: float | None
    tilted: float | None
    dark: float | None
    hat: float | None
    scarf: float | None
    roll: float
    yaw: float
    pitch: float


def look(faces: Sequence[Face]) -> list[Scores]:
    """The scores of every face, read where its mesh places them: they serve any recogniser."""
    chips = [features.square(*face) for face in faces]
    return [_scores(*each) for each in zip(faces, chips, features.head_maps(chips), strict=True)]


def worth_asking(scores: Scores | None) -> bool:
    """Whether a covering on the reference could explain what the selfie shows."""
    if scores is None:
        return False
    defect, covering = (max(scores.hat or 0, other or 0) for other in (scores.ears_hidden, scores.scarf))
    return defect >= _WORTH_ASKING and covering >= _SOME_COVERING


def coverings(faces: Sequence[Face]) -> list[float]:
    """How sure a hat or a scarf is seen on every face, 0–1: the part of ``look`` that a reference photograph is asked
    for."""
    all_maps = features.head_maps([features.square(*face) for face in faces])
    found: list[float] = []
    for face, maps in zip(faces, all_maps, strict=True):
        hat, scarf = (_appearance(maps, features.visible(*face), name) for name in ("hat", "scarf"))
        found.append(max((hat or 0.0) * (1 - explained(scarf)), scarf or 0.0))
    return found


def _scores(face: Face, chip: NDArray[np.uint8], maps: Maps) -> Scores:
    image, mesh = face
    seen = features.visible(image, mesh)
    angles: Pose = pose(mesh)
    found = {name: _appearance(maps, seen, name) for name in features.REGIONS}
    uncovered = 1 - explained(found["scarf"])
    return Scores(
        blur=classifier("blur").probability(features.sharpness(chip)),
        glasses=found["glasses"],
        ears_hidden=None if found["ears_hidden"] is None else found["ears_hidden"] * uncovered,
        tilted=tilted(angles),
        dark=classifier("dark").probability(light(chip, seen)),
        hat=None if found["hat"] is None else found["hat"] * uncovered,
        scarf=found["scarf"],
        roll=angles.roll,
        yaw=angles.yaw,
        pitch=angles.pitch,
    )


def explained(scarf: float | None) -> float:
    """How much of hat and ears a scarf explains, 0–1: nothing while it is less likely than not."""
    return 0.0 if scarf is None else min(1.0, max(0.0, 2 * scarf - 1))


def _appearance(maps: Maps, seen: NDArray[np.bool_], name: str) -> float | None:
    """A classifier's answer; None where too little of the region is in the picture."""
    if features.shown(seen, name) < _SEEN[name]:
        return None
    return classifier(name).probability(features.appearance(maps, name))
