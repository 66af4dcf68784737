"""Runs a .tflite model on one thread. One interpreter per model and process; touches nothing but the weight file."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import TFLITE_PACKAGE, packaged_file


class TfliteModel:
    """A model with one input [1, side, side, 3], float32."""

    def __init__(self, name: str) -> None:
        import tensorflow as tf

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the interpreter announces its move to another package
            self._interpreter: Any = tf.lite.Interpreter(str(packaged_file(TFLITE_PACKAGE, name)), num_threads=1)
        self._interpreter.allocate_tensors()
        details = self._interpreter.get_input_details()[0]
        self._input = details["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self.side = int(details["shape"][1])

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs, in the model's own order, of one image [side, side, 3] in the model's own range."""
        self._interpreter.set_tensor(self._input, image[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@cache
def model(name: str) -> TfliteModel:
    """The process's interpreter of a packaged .tflite file."""
    return TfliteModel(name)
