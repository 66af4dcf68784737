"""PP-OCR's recognition network, cut down to ten digits and run by OpenVINO on one thread. Pixels in, likelihoods out.

The weights are PP-OCRv6 "small" (Apache-2.0, PaddleOCR), which the package ``rapidocr`` ships. Of the network's last
layer only the columns of the blank and of the digits are kept: the other 18,699 characters cannot be part of a number
and cost as much as the rest of the network.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import MissingModelError
from pipeline.selfie.networks.assets import OCR_PACKAGE, packaged_file
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels

FILE = "PP-OCRv6_rec_small.onnx"
HEIGHT, WIDTH = 48, 256
DIGITS = "0123456789"


def _digits_only(path: Path) -> bytes:
    """The network as ONNX bytes whose output has eleven classes: the blank, then the digits in order."""
    import onnx
    from onnx import numpy_helper

    try:  # a damaged file raises any error of its parser
        model = onnx.load(str(path))
        characters = {each.key: each.value for each in model.metadata_props}["character"].splitlines()
        kept = [0, *(characters.index(digit) + 1 for digit in DIGITS)]  # class 0 is the blank
        head = model.graph.node[-4:]
        if [node.op_type for node in head] != ["MatMul", "Add", "Identity", "Softmax"]:
            raise ValueError("its last layer is another one")
        last = {head[0].input[1], head[1].input[1]}
        for tensor in model.graph.initializer:
            if tensor.name in last:
                values = numpy_helper.to_array(tensor)[..., kept]
                tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))
        del model.graph.value_info[:]  # it still describes the whole layer
        model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(kept)
        return bytes(model.SerializeToString())
    except Exception as error:
        raise MissingModelError(f"{path} is not PP-OCR's recognition network: {error}.") from error


def _graph() -> Any:
    import openvino

    model = openvino.Core().read_model(_digits_only(packaged_file(OCR_PACKAGE, FILE)))
    model.reshape([1, 3, HEIGHT, WIDTH])
    return reads_pixels(model, (127.5,), 127.5, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The network, compiled once a process."""
    return BatchedGraph(_graph)


def likelihoods(line: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities [steps, 11] of the blank and the ten digits along a line of print [48, 256], grey."""
    [[[steps]]] = network()(np.repeat(line[None, ..., None], 3, axis=3))
    return np.asarray(steps, np.float64)
