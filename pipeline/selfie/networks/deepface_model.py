"""The default recogniser as a DeepFace model like any other, so that DeepFace's own functions can be asked for it.

``register()`` puts it into DeepFace's table; DeepFace then builds it by the name ``GelombangDlib``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from deepface.models.FacialRecognition import FacialRecognition
from numpy.typing import NDArray

from pipeline.selfie.networks.resnet import CHIP_SIDE, DESCRIPTOR, embed

NAME = "GelombangDlib"
#: DeepFace's own thresholds for dlib's network; they belong to DeepFace's crop and are used by nothing of ours.
_DEEPFACE_THRESHOLDS = {"cosine": 0.07, "euclidean": 0.6, "euclidean_l2": 0.4}


class GelombangDlibClient(FacialRecognition):
    """dlib's ResNet-29 as the batched TensorFlow graph of :mod:`pipeline.selfie.networks.resnet`."""

    def __init__(self) -> None:
        self.model_name = NAME
        self.input_shape = (CHIP_SIDE, CHIP_SIDE)
        self.output_shape = DESCRIPTOR
        self.model = embed

    def forward(self, img: NDArray[Any]) -> Any:
        """Descriptors of DeepFace's input: BGR, 0–1, [150, 150, 3] or [n, 150, 150, 3]."""
        batch = img[None] if img.ndim == 3 else img
        chips = np.clip(np.rint(batch[..., ::-1] * 255), 0, 255).astype(np.uint8)
        found = embed(chips)
        return found[0].tolist() if len(found) == 1 else found.tolist()


def register() -> None:
    """Makes DeepFace know the model; calling it again changes nothing."""
    from deepface.config.threshold import thresholds
    from deepface.modules import modeling

    modeling.AVAILABLE_MODELS["facial_recognition"].setdefault(
        NAME, {modeling.ANY: f"{__name__}.{GelombangDlibClient.__name__}"}
    )
    thresholds.setdefault(NAME, _DEEPFACE_THRESHOLDS)
