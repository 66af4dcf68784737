"""A small network that reads the number of a card first. Pixels in, likelihoods out.

It was learned for this project from lines of rendered cards (``tools/selfie/line_training.py``), knows ten digits and
nothing else, and costs less than a fifth of PP-OCR's (``digit_reader.py``), which is asked where this one leaves a
doubt. 99 million multiply-adds, OpenVINO on one thread.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels
from pipeline.selfie.networks.card_layers import CardLayers
from pipeline.selfie.networks.digit_reader import HEIGHT, WIDTH

FILE = "card_line.npz"
CLASSES = 11
#: A line is brought to this mean and this standard deviation before it is seen.
MEAN, SPREAD = 128.0, 48.0


class Layer(NamedTuple):
    """A convolution: its name, channels, kernel and stride (height, width)."""

    name: str
    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    #: Whether the picture is padded, so that it keeps its size but for the stride.
    padded: bool = True


#: From a line of 48 by 256 to 64 steps of 4 pixels.
LAYERS = (
    Layer("l1", 16, stride=(2, 2)),
    Layer("l2", 24),
    Layer("l3", 40, stride=(2, 2)),
    Layer("l4", 56),
    Layer("l5", 80, stride=(2, 1)),
    Layer("l6", 80),
    Layer("l7", 112, stride=(2, 1)),
    Layer("l8", 128, (3, 1), padded=False),
    Layer("l9", 128, (1, 7)),
)


def _graph() -> Any:
    import openvino
    from openvino import opset13 as op

    convolve = CardLayers(FILE).convolve
    x = pictures = op.parameter([1, 1, HEIGHT, WIDTH], np.float32)
    for layer in LAYERS:
        x = op.relu(convolve(x, layer.name, layer.stride, padded=layer.padded))
    steps = op.softmax(convolve(x, "out"), 1)
    return reads_pixels(openvino.Model([steps], [pictures]), (MEAN,), SPREAD, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The network, compiled once a process."""
    return BatchedGraph(_graph)


def evened(line: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """The line in the tone and contrast that the network knows."""
    mean, spread = (float(v[0][0]) for v in cv2.meanStdDev(line))
    gain = SPREAD / max(spread, 1.0)
    return np.asarray(cv2.convertScaleAbs(np.clip(line * gain + (MEAN - mean * gain), 0, 255)), np.uint8)


def likelihoods(line: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities [64, 11] of the blank and the ten digits along a line of print [48, 256], grey."""
    [[[steps]]] = network()(evened(line)[None, ..., None])
    return np.asarray(steps[:, 0].T, np.float64)
