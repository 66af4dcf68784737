"""The default recogniser: SFace decides; a close call is looked at again; dlib may object.

1. Every face has one SFace descriptor. The cosine of two descriptors decides most pairs.
2. A close call is compared again with the mirror images: of genuine LFW pairs 1.09 % instead of 1.34 % are then lost.
3. dlib's network is asked about every pair that SFace does not call clearly the same. It cannot distinguish East and
   South-East Asians apart, so its nearness proves nothing and never helps a pair. Its objection counts: two faces that
   lie far apart even for dlib are moved further apart. On CelebA the AUC is .996 with it, .990 without.

The constants were chosen on the photographs of the model card (docs/explanation/selfie-model-card.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie import align
from pipeline.selfie.described_face import Described, Face
from pipeline.selfie.networks import resnet, sface

#: Cosines in this range are a close call. Neither end is near a threshold: ``match`` lies at about 0.42.
CLOSE_CALL = (0.3, 0.48)
#: dlib objects beyond this Euclidean distance of its descriptors, and each unit beyond counts this often.
OBJECTION, WEIGHT = 0.64, 2.0

_Pair = tuple[Described, Described]


class SFaceRecogniser:
    """Distances are 1 − cosine, 0 to 2, and more where dlib objects."""

    def __init__(self, name: str) -> None:
        self.name = name
        resnet.network()
        sface.network()

    def describe(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        """SFace descriptors [n, 128] of unit length; the cosine of two is their dot product."""
        return sface.embed(_chips(faces, align.sface_chip))

    def distances(self, pairs: Sequence[_Pair]) -> list[float]:
        """The distance of each pair, in order."""
        cosines = np.array([float(one.descriptor @ other.descriptor) for one, other in pairs])
        low, high = CLOSE_CALL
        close = [i for i, cosine in enumerate(cosines) if low <= cosine < high]
        asked = [i for i, cosine in enumerate(cosines) if cosine < high]
        distances = 1 - cosines
        for i, cosine in zip(close, self._cosines_of_both_sides([pairs[i] for i in close]), strict=True):
            distances[i] = 1 - cosine
        for i, objection in zip(asked, _objections([pairs[i] for i in asked]), strict=True):
            distances[i] += objection
        return [float(distance) for distance in distances]

    def close_call(self, distance: float) -> bool:
        """Whether a pair this far apart is a close call; both thresholds of the built-in policy lie well inside."""
        low, high = CLOSE_CALL
        return low <= 1 - distance < high

    def _cosines_of_both_sides(self, pairs: Sequence[_Pair]) -> list[float]:
        """Cosines of the mean descriptors of every face and its mirror image."""
        both = _by_face(
            pairs,
            lambda faces: sface.embed(np.ascontiguousarray(_chips(faces, align.sface_chip)[:, :, ::-1])),
        )

        def mean(one: Described) -> NDArray[np.float32]:
            vector = one.descriptor + both[id(one.face)]
            return np.asarray(vector / np.linalg.norm(vector), np.float32)

        return [float(mean(one) @ mean(other)) for one, other in pairs]


def _objections(pairs: Sequence[_Pair]) -> list[float]:
    """What dlib's objection adds to the distance of each pair; 0 where it has none."""
    described = _by_face(pairs, lambda faces: resnet.embed(_chips(faces, align.match_chip)))
    apart = [float(np.linalg.norm(described[id(one.face)] - described[id(other.face)])) for one, other in pairs]
    return [WEIGHT * max(0.0, each - OBJECTION) for each in apart]


def _by_face(
    pairs: Sequence[_Pair], describe: Callable[[Sequence[Face]], NDArray[np.float32]]
) -> dict[int, NDArray[np.float32]]:
    """``describe`` of every face in the pairs, once a face; keys are the identities of the faces."""
    faces = {id(each.face): each.face for pair in pairs for each in pair}
    if not faces:
        return {}
    return dict(zip(faces, describe(list(faces.values())), strict=True))


def _chips(faces: Sequence[Face], cut: Callable[..., Any]) -> NDArray[np.uint8]:
    return np.stack([cut(pixels, mesh.points) for pixels, mesh in faces])
