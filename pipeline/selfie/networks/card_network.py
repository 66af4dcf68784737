"""Two small networks that look for an identity card: one at the whole picture, one at what may be a card.

They were learned for this project from renderings (``tools/selfie/card_training.py``), because an outline or a colour
alone does not distinguish a card from a telephone, a book or a shirt. 35 and 25 million multiply-adds, OpenVINO on one
thread.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels
from pipeline.selfie.networks.card_layers import CardLayers

STRIDE = 4  # pixels of the picture a cell
POINTS = 10  # of a card (``card_layout.POINTS``)

#: Downwards, from the picture to cells of 32 pixels: a convolution's name and stride.
DOWN = (("e1", 2), ("e2", 2), ("e3", 1), ("e4", 2), ("e5", 1), ("e6", 2), ("e7", 1), ("e8", 1), ("e9", 2), ("e10", 1))
#: Upwards: each joins what lies above it, twice enlarged, with a layer of the way down.
TOP = "e10"
UP = (("e8", "u3"), ("e5", "u2"), ("e3", "u1"))


class Shape(NamedTuple):
    """A network's file of weights and the picture that it sees, in pixels."""

    file: str
    height: int
    width: int


FAR, NEAR = Shape("card_far.npz", 224, 160), Shape("card_near.npz", 128, 192)
#: Channels of the layers downwards, and upwards.
CHANNELS, JOINED = (12, 16, 24, 32, 32, 40, 40, 40, 56, 56), 24
#: Maps: one for each point, then the card and its portrait.
OUT = POINTS + 2


def _graph(shape: Shape) -> Any:
    import openvino
    from openvino import opset13 as op

    convolve = CardLayers(shape.file).convolve

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

    pictures = op.parameter([1, 3, shape.height, shape.width], np.float32)
    x, seen = pictures, {}
    for name, stride in DOWN:
        x = seen[name] = op.relu(convolve(x, name, (stride, stride)))
    x = convolve(x, f"{TOP}_side")
    for source, name in UP:
        x = op.relu(convolve(enlarged(x) + convolve(seen[source], f"{source}_side"), name))
    return reads_pixels(openvino.Model([convolve(x, "out")], [pictures]), (127.5,), 127.5, channels_first=True)


@cache
def network(shape: Shape) -> BatchedGraph:
    """The network, compiled once a process."""
    return BatchedGraph(lambda: _graph(shape))


def card_points(picture: NDArray[np.uint8], shape: Shape) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For an RGB picture [height, width, 3]: how sure the network is of each of the card's points in each cell [10,
    h/4, w/4], together 1; and how sure the card, and its portrait, lies there [2, h/4, w/4]."""
    [[[maps]]] = network(shape)(picture[None])
    shares = np.exp(maps[:POINTS] - maps[:POINTS].max((1, 2), keepdims=True))
    masks = 1 / (1 + np.exp(-np.clip(maps[POINTS:], -30, 30)))
    return shares / shares.sum((1, 2), keepdims=True), np.asarray(masks, np.float32)
