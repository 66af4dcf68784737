"""Scores the six defects of one face, and says "unknown" where the picture does not show the part in question.
Pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie import features
from pipeline.selfie.classifier import classifier
from pipeline.selfie.detector import Detection
from pipeline.selfie.mesh import Mesh
from pipeline.selfie.pose import Pose, pose, tilted

#: Share of a region that must lie inside the picture before its score is known.
_SEEN = {"glasses": 0.85, "hat": 0.55, "ears_hidden": 0.75, "scarf": 0.4}


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


def look(image: NDArray[np.uint8], face: Detection, mesh: Mesh, embedding: NDArray[np.float32] | None = None) -> Scores:
    """The scores of a found face in an RGB picture. ``face`` and ``embedding`` are there for classifiers that want
    them; today's read the pixels that the mesh places, so that they serve any recogniser."""
    chip = features.square(image, mesh)
    seen = features.visible(image, mesh)
    angles: Pose = pose(mesh)
    found = {name: _appearance(chip, seen, name) for name in features.REGIONS}
    uncovered = 1 - (found["scarf"] or 0.0)
    return Scores(
        blur=classifier("blur").probability(features.sharpness(chip)),
        glasses=found["glasses"],
        ears_hidden=None if found["ears_hidden"] is None else found["ears_hidden"] * uncovered,
        tilted=tilted(angles),
        dark=classifier("dark").probability(features.light(chip, seen)),
        hat=None if found["hat"] is None else found["hat"] * uncovered,
        scarf=found["scarf"],
        roll=angles.roll,
        yaw=angles.yaw,
        pitch=angles.pitch,
    )


def _appearance(chip: NDArray[np.uint8], seen: NDArray[np.bool_], name: str) -> float | None:
    """A classifier's answer, the mean over the picture and its mirror image; None where too little of the region is
    in the picture."""
    rows, columns = features.REGIONS[name].slices
    part = seen[rows.start // 4 : rows.stop // 4, columns.start // 4 : columns.stop // 4]
    if float(part.mean()) < _SEEN[name]:
        return None
    model = classifier(name)
    both = np.stack([features.appearance(view, name) for view in (chip, np.ascontiguousarray(chip[:, ::-1]))])
    return float(model.chance(np.asarray(model.value(both).mean(), np.float32)))
