"""A face as recognisers take it, and a face with its descriptor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.detection.mesh import Mesh

#: An RGB picture and the mesh of the face that was found in it.
Face = tuple[NDArray[np.uint8], Mesh]


@dataclass(frozen=True, eq=False)
class Described:
    """A face and its descriptor [d]."""

    face: Face
    descriptor: NDArray[np.float32]
