"""Angles of the head from the face mesh, and from which angle on a head is tilted. Pure geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.selfie.detection.mesh import Mesh

# Mesh indices: corners of both eyes and of the mouth, picture's left and right; edges of the face next to the ears.
_PAIRS = ((33, 263), (133, 362), (61, 291), (234, 454), (127, 356))
#: Pitch of the mesh's own neutral face: its forehead lies further back than its chin.
_NEUTRAL_PITCH = 7.0
#: Degrees at which the score is one half, and how quickly it changes. Of press photographs 1 in 100 is turned further
#: than 34° or rolled further than 17°; people asked to face the camera stay below 16° and 23° (labels by eye).
_LIMITS = {"roll": (17.0, 1.0), "yaw": (34.0, 2.0), "pitch": (28.0, 2.0)}


@dataclass(frozen=True)
class Pose:
    """Degrees. ``roll`` clockwise, ``yaw`` towards the picture's right, ``pitch`` downwards."""

    roll: float
    yaw: float
    pitch: float


def pose(mesh: Mesh) -> Pose:
    """The head's angles. Roll is the mean over the lines that join the two halves of the face, so that one crooked
    line does not decide."""
    points = mesh.points.astype(np.float64)
    across = sum((points[b] - points[a] for a, b in _PAIRS), np.zeros(3))
    roll = math.degrees(math.atan2(across[1], across[0]))
    wide = points[454] - points[234]
    yaw = math.degrees(math.atan2(wide[2], math.hypot(wide[0], wide[1])))
    down = points[152] - points[10]
    pitch = math.degrees(math.atan2(down[2], math.hypot(down[0], down[1]))) - _NEUTRAL_PITCH
    return Pose(roll, yaw, pitch)


def tilted(angles: Pose) -> float:
    """0–1: the surest of roll, yaw and pitch."""
    return max(
        1 / (1 + math.exp((middle - abs(getattr(angles, name))) / width)) for name, (middle, width) in _LIMITS.items()
    )
