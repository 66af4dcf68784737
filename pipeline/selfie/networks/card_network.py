"""A small network that says, for each cell of a picture, whether an identity card and whether its portrait lie there.

It was learned for this project from renderings (``tools/selfie/card_training.py``), because an outline or a colour
alone does not tell a card from a telephone, a book or a shirt. 35 million multiply-adds, OpenVINO on one thread.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import card_weights
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels

HEIGHT, WIDTH = 256, 192
STRIDE = 4  # pixels of the picture a cell


class Layer(NamedTuple):
    """A convolution with rectification: its name, channels, stride, and the side of its kernel."""

    name: str
    channels: int
    stride: int = 1
    kernel: int = 3


#: Downwards, from the picture to cells of 32 pixels.
DOWN = (
    Layer("e1", 8, 2),
    Layer("e2", 16, 2),
    Layer("e3", 16),
    Layer("e4", 24, 2),
    Layer("e5", 24),
    Layer("e6", 32, 2),
    Layer("e7", 32),
    Layer("e8", 32),
    Layer("e9", 48, 2),
    Layer("e10", 48),
)
#: Upwards: each joins what lies above it, twice enlarged, with a layer of the way down.
TOP = "e10"
UP = (("e8", "u3"), ("e5", "u2"), ("e3", "u1"))
JOINED = 16  # channels on the way up
OUT = 2


def _graph() -> Any:
    import openvino
    from openvino import opset13 as op

    with np.load(card_weights()) as file:
        tensors = {name: file[name].astype(np.float32) for name in file.files}

    def convolve(x: Any, name: str, stride: int = 1) -> Any:
        found = op.convolution(x, tensors[f"{name}.w"], [stride] * 2, [0, 0], [0, 0], [1, 1], "SAME_UPPER")
        return found + tensors[f"{name}.b"][:, None, None]

    def enlarged(x: Any) -> Any:
        return op.interpolate(
            x,
            np.array([2.0, 2.0], np.float32),
            "nearest",
            "scales",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
            axes=np.array([2, 3]),
        )

    pictures = op.parameter([1, 3, HEIGHT, WIDTH], np.float32)
    x, seen = pictures, {}
    for layer in DOWN:
        x = seen[layer.name] = op.relu(convolve(x, layer.name, layer.stride))
    x = convolve(x, f"{TOP}_side")
    for source, name in UP:
        x = op.relu(convolve(enlarged(x) + convolve(seen[source], f"{source}_side"), name))
    x = op.sigmoid(convolve(x, "out"))
    return reads_pixels(openvino.Model([x], [pictures]), (127.5,), 127.5, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The network, compiled once a process."""
    return BatchedGraph(_graph)


def card_maps(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """For an RGB picture [256, 192, 3]: how sure a card, and a card's portrait, lies in each cell [2, 64, 48]."""
    [[[maps]]] = network()(picture[None])
    return maps
