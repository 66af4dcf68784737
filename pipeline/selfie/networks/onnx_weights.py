"""Restores float weights in an ONNX file whose weights are quantised in blocks (DequantizeLinear, opset 21).

The result is an ordinary float network. OpenVINO and OpenCV cannot read the quantised form. Touches only the file that
it is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import MissingModelError


def float_network(path: Path) -> bytes:
    """The network of an ONNX file as ONNX bytes with float weights; MissingModelError if the file is something else."""
    import onnx

    try:  # a damaged file raises any error of its parser
        model = onnx.load(str(path))
        _restore(model.graph)
        return bytes(model.SerializeToString())
    except Exception as error:
        raise MissingModelError(f"{path} is not a network with weights quantised in blocks: {error}.") from error


def _restore(graph: Any) -> None:
    """Replaces the nodes that compute weights by their results, and lists only the picture as the graph's input."""
    from onnx import helper, numpy_helper

    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            options = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            quantised, scale, zero = (values[name] for name in node.input)
            values[node.output[0]] = _floats(quantised, scale, zero, options["axis"], options["block_size"])
        elif node.op_type == "Reshape" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].reshape(values[node.input[1]])
        else:
            nodes.append(node)
    if not any(node.op_type == "Conv" for node in nodes):
        raise ValueError("it has no convolution")
    used = {name for node in nodes for name in node.input} & set(values)
    pictures = [each for each in graph.input if each.name not in values]
    for field, content in (
        (graph.node, nodes),
        (graph.initializer, [numpy_helper.from_array(values[name], name) for name in sorted(used)]),
        (graph.input, pictures),
    ):
        del field[:]
        field.extend(content)
    del graph.value_info[:]  # it still describes the tensors that are gone


def _floats(
    quantised: NDArray[np.integer], scale: NDArray[np.float32], zero: NDArray[np.integer], axis: int, block: int
) -> NDArray[np.float32]:
    """ONNX's definition: (quantised − zero point) · scale, both repeated ``block`` times along ``axis``."""
    size = quantised.shape[axis]
    scales, zeros = (np.repeat(each, block, axis).take(range(size), axis) for each in (scale, zero))
    return np.asarray((quantised.astype(np.float32) - zeros.astype(np.float32)) * scales, np.float32)
