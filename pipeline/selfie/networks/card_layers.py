"""The convolutions of the small networks that this project learned for cards, out of their files of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.selfie.networks.assets import card_weights


class CardLayers:
    """The layers in ``file``, each by its name. Raises MissingModelError and ChangedModelError."""

    def __init__(self, file: str) -> None:
        with np.load(card_weights(file)) as tensors:
            self._tensors = {name: tensors[name].astype(np.float32) for name in tensors.files}

    def convolve(self, x: Any, name: str, stride: tuple[int, int] = (1, 1), *, padded: bool = True) -> Any:
        """OpenVINO's convolution of x [n, channels, h, w]; ``padded``: it keeps its size, but for the stride."""
        from openvino import opset13 as op

        pads = "SAME_UPPER" if padded else "VALID"
        found = op.convolution(x, self._tensors[f"{name}.w"], list(stride), [0, 0], [0, 0], [1, 1], pads)
        return found + self._tensors[f"{name}.b"][:, None, None]
