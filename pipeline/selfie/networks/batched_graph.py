"""A TensorFlow graph that is always run on the same number of pictures, built once a process. Pixels only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runtime.processes import give_back

_Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]


class BatchedGraph:
    """``build`` gives a TensorFlow function of pictures [n, h, w, 3], uint8, to a list of tensors [n, …].

    Every run is filled up to the same size: what is found on a picture then never depends, not even in its last bit, on
    which others stand beside it, and memory does not grow with their number.
    """

    def __init__(self, build: Callable[[], Any], batch: int, height: int, width: int) -> None:
        self._shape = (batch, height, width, 3)
        self._run = build().get_concrete_function()  # without it the weights would be held once more, by Python
        self._run(np.zeros(self._shape, np.uint8))  # only the first run makes the graph ready
        give_back()

    def __call__(self, pictures: _Pictures) -> Iterator[list[NDArray[np.float32]]]:
        """Run by run, the outputs of the pictures in it."""
        batch = self._shape[0]
        for start in range(0, len(pictures), batch):
            part = pictures[start : start + batch]
            filled = np.zeros(self._shape, np.uint8)
            filled[: len(part)] = part
            yield [output.numpy()[: len(part)] for output in self._run(filled)]
