"""Runs a packaged .tflite model by OpenVINO, one picture at a time. Reads only the weight file."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import TFLITE_PACKAGE, packaged_file
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels


class TfliteModel:
    """A model of one picture [side, side, 3], RGB, that sees (pixel − ``mean``) / ``scale``."""

    def __init__(self, name: str, mean: tuple[float, ...], scale: float) -> None:
        import openvino

        path = packaged_file(TFLITE_PACKAGE, name)
        self._graph = BatchedGraph(lambda: reads_pixels(openvino.Core().read_model(path), mean, scale))
        self.side = self._graph.height

    def __call__(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Outputs, in the model's own order, of one picture."""
        [outputs] = self._graph(image[None])
        return outputs


@cache
def model(name: str, mean: tuple[float, ...], scale: float) -> TfliteModel:
    """The process's copy of a packaged .tflite file."""
    return TfliteModel(name, mean, scale)
