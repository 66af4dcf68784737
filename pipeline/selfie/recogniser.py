"""The recogniser that the settings name: ours by default, any other DeepFace model whose weights are on this machine.

A recogniser describes faces and compares described faces. Smaller distances mean more alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError, MissingModelError
from pipeline.domain.settings import settings
from pipeline.selfie import align
from pipeline.selfie.described_face import Described, Face
from pipeline.selfie.networks.assets import as_known
from pipeline.selfie.networks.unit_length import unit

#: Name of the default recogniser (``sface_recogniser.py``).
DEFAULT = "GelombangSFace"

__all__ = ["DEFAULT", "Described", "Face", "Recogniser", "recogniser"]


class Recogniser(Protocol):
    """What the selfie stage needs of a recogniser."""

    @property
    def name(self) -> str:
        """DeepFace's name of the model."""
        ...

    def describe(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        """Descriptors [n, d] of faces; a descriptor never depends on the other faces of its batch."""
        ...

    def distances(self, pairs: Sequence[tuple[Described, Described]]) -> list[float]:
        """The distance of each pair, in order."""
        ...

    def close_call(self, distance: float) -> bool:
        """Whether a pair this far apart is so near the thresholds that a third photograph of the person is asked."""
        ...


@cache
def recogniser(name: str) -> Recogniser:
    """The recogniser of this name, built once a process.

    Raises BadSettingError for a name that DeepFace does not know, MissingModelError, naming the file and its place,
    where its weights are not on this machine, and ChangedModelError where they are not the ones of the settings.
    """
    if name == DEFAULT:
        from pipeline.selfie.sface_recogniser import SFaceRecogniser

        return SFaceRecogniser(name)
    return _deepface(name)


@dataclass(frozen=True)
class DeepFaceRecogniser:
    """A DeepFace model. ``cut``: picture and mesh points → chip [h, w, 3] RGB uint8; ``embed``: chips → [n, d]."""

    name: str
    cut: Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.uint8]]
    embed: Callable[[NDArray[np.uint8]], NDArray[np.float32]]

    def describe(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        """Descriptors [n, d] of unit length."""
        return self.embed(np.stack([self.cut(pixels, mesh.points) for pixels, mesh in faces]))

    def distances(self, pairs: Sequence[tuple[Described, Described]]) -> list[float]:
        """Euclidean distances."""
        return [float(np.linalg.norm(one.descriptor - other.descriptor)) for one, other in pairs]

    def close_call(self, distance: float) -> bool:
        """Never: what a third photograph tells was measured with our own recogniser only."""
        return False


def _deepface(name: str) -> DeepFaceRecogniser:
    """Any other DeepFace model: on the mesh-aligned chip, in DeepFace's value range, with unit-length embeddings."""
    from deepface.modules import modeling

    if name not in modeling.AVAILABLE_MODELS["facial_recognition"]:
        known = ", ".join([DEFAULT, *modeling.AVAILABLE_MODELS["facial_recognition"]])
        raise BadSettingError(f"GELOMBANG_SELFIE__MODEL is {name}, which is no recogniser.", f"Known are: {known}.")
    with _nothing_downloaded(name):
        client: Any = modeling.build_model(task="facial_recognition", model_name=name)
    width, height = client.input_shape

    def cut(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
        chip = align.chip(image, points, max(width, height))
        return np.asarray(cv2.resize(chip, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = [np.asarray(client.forward(chip[None, ..., ::-1].astype(np.float32) / 255.0)) for chip in chips]
        return unit(np.asarray(found, np.float32).reshape(len(chips), -1))

    return DeepFaceRecogniser(name, cut, embed)


@contextmanager
def _nothing_downloaded(model: str) -> Iterator[None]:
    """While a model is built, a weight file that is not there, or is another, is an error instead of a download."""
    from pathlib import Path

    from deepface.commons import folder_utils, weight_utils

    original = weight_utils.download_weights_if_necessary

    def local_only(file_name: str, *_: Any, **__: Any) -> str:
        path = Path(folder_utils.get_deepface_home()) / ".deepface" / "weights" / file_name
        if not path.is_file():
            raise MissingModelError(
                f"The weights of {model} are not on this machine.", f"Put {file_name} into {path.parent}."
            )
        return str(as_known(path, settings().selfie.weights_sha256.get(file_name)))

    weight_utils.download_weights_if_necessary = local_only
    try:
        yield
    finally:
        weight_utils.download_weights_if_necessary = original
