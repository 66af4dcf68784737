"""Our networks as DeepFace models like any other, so that DeepFace's own functions can be asked for them.

``register()`` puts them into DeepFace's table; DeepFace then builds them by the names ``GelombangSFace`` and
``GelombangDlib``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from deepface.models.FacialRecognition import FacialRecognition
from numpy.typing import NDArray

from pipeline.selfie.networks import resnet, sface

SFACE, DLIB = "GelombangSFace", "GelombangDlib"
#: DeepFace's own thresholds of the two networks; they belong to DeepFace's crop and are not used here.
_DEEPFACE_THRESHOLDS = {
    SFACE: {"cosine": 0.593, "euclidean": 10.734, "euclidean_l2": 1.055},
    DLIB: {"cosine": 0.07, "euclidean": 0.6, "euclidean_l2": 0.4},
}


class _Client(FacialRecognition):
    """A network that takes RGB chips [n, side, side, 3], uint8."""

    def __init__(self, name: str, side: int, size: int, embed: Callable[[NDArray[np.uint8]], NDArray[np.float32]]):
        self.model_name = name
        self.input_shape = (side, side)
        self.output_shape = size
        self.model = embed

    def forward(self, img: NDArray[Any]) -> Any:
        """Descriptors of DeepFace's input: BGR, 0–1, [side, side, 3] or [n, side, side, 3]."""
        batch = img[None] if img.ndim == 3 else img
        chips = np.clip(np.rint(batch[..., ::-1] * 255), 0, 255).astype(np.uint8)
        found = self.model(chips)
        return found[0].tolist() if len(found) == 1 else found.tolist()


class GelombangSFaceClient(_Client):
    """SFace as :mod:`pipeline.selfie.networks.sface` runs it."""

    def __init__(self) -> None:
        super().__init__(SFACE, sface.CHIP_SIDE, sface.DESCRIPTOR, sface.embed)


class GelombangDlibClient(_Client):
    """dlib's ResNet-29 as the batched OpenVINO graph of :mod:`pipeline.selfie.networks.resnet`."""

    def __init__(self) -> None:
        super().__init__(DLIB, resnet.CHIP_SIDE, resnet.DESCRIPTOR, resnet.embed)


def register() -> None:
    """Makes DeepFace know the models; calling it again changes nothing."""
    from deepface.config.threshold import thresholds
    from deepface.modules import modeling

    for name, client in ((SFACE, GelombangSFaceClient), (DLIB, GelombangDlibClient)):
        modeling.AVAILABLE_MODELS["facial_recognition"].setdefault(
            name, {modeling.ANY: f"{__name__}.{client.__name__}"}
        )
        thresholds.setdefault(name, _DEEPFACE_THRESHOLDS[name])
