"""A network that OpenVINO runs on one thread, always on the same number of pictures. Pixels in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runtime.processes import return_free_memory

_Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]

#: Full precision and one thread: a result must be the same on every run of one kind of machine. The thread is not
#: pinned: OpenVINO would take the same core, the first, in every worker process.
_OPTIONS = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}


class BatchedGraph:
    """``build`` gives an OpenVINO model of pictures [batch, h, w, 3], uint8, to tensors [batch, …].

    Every run is filled up to the same size. A picture's result then never depends, not even in its last bit, on the
    other pictures of its batch, and memory does not grow with their number.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        import openvino

        request = openvino.Core().compile_model(build(), "CPU", _OPTIONS).create_infer_request()
        self._run = request.infer
        self._input: NDArray[np.uint8] = request.get_input_tensor().data
        self._outputs: list[NDArray[np.float32]] = [tensor.data for tensor in request.output_tensors]
        self.height, self.width = self._input.shape[1:3]
        return_free_memory()

    def __call__(self, pictures: _Pictures) -> Iterator[list[NDArray[np.float32]]]:
        """Run by run, the outputs of the pictures in it."""
        batch = len(self._input)
        for start in range(0, len(pictures), batch):
            part = pictures[start : start + batch]
            self._input[: len(part)] = part
            self._input[len(part) :] = 0
            self._run(share_outputs=True)
            yield [output[: len(part)].copy() for output in self._outputs]


def reads_pixels(
    model: Any, mean: Sequence[float] = (0.0,), scale: float = 1.0, *, channels_first: bool = False
) -> Any:
    """The model with an input of pixels [batch, h, w, 3], uint8; the model itself then sees (pixel − mean) / scale.

    ``mean``: one number, or one a channel. ``channels_first``: the model's own input is [batch, 3, h, w].
    """
    from openvino import Layout, Type
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(model)
    picture = steps.input()
    picture.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    picture.model().set_layout(Layout("NCHW" if channels_first else "NHWC"))
    prepared = picture.preprocess().convert_element_type(Type.f32)
    prepared.mean(list(mean) if len(mean) > 1 else mean[0]).scale(scale)
    return steps.build()
