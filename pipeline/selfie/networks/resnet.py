"""dlib's face recognition ResNet-29 as one batched OpenVINO graph, twenty times as fast as native dlib on one core.

Input: RGB chips [n, 150, 150, 3], uint8, cut as :mod:`pipeline.selfie.align` does.
Output: descriptors [n, 128], float32; faces of one person lie closer than about 0.57 (Euclidean).
Differs from native dlib by less than 1e-5.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import DLIB_PACKAGE, packaged_file
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels
from pipeline.selfie.networks.dlib_weights import STAGES, Convolution, read_resnet

CHIP_SIDE = 150
DESCRIPTOR = 128
FILE = "dlib_face_recognition_resnet_model_v1.dat"
CHANNEL_MEANS = (122.782, 117.001, 104.298)  # dlib: input_rgb_image_sized
BATCH = 2  # chips of one run: a pair has two


def _graph() -> Any:
    import openvino
    from openvino import opset13 as op

    weights = read_resnet(packaged_file(DLIB_PACKAGE, FILE))

    def convolve(x: Any, layer: Convolution, stride: int) -> Any:
        kernel = np.ascontiguousarray(layer.kernel.transpose(3, 2, 0, 1))
        pad = [kernel.shape[2] // 2] * 2 if stride == 1 else [0, 0]  # dlib does not pad where it strides
        return op.convolution(x, kernel, [stride] * 2, pad, pad, [1, 1]) + layer.bias[:, None, None]

    def grow(x: Any, *size: int) -> Any:
        """dlib's add_prev puts zeros below, right and behind the smaller of two tensors."""
        missing = [0, *(wanted - have for wanted, have in zip(size, list(x.shape)[1:], strict=True))]
        return op.pad(x, [0] * 4, missing, "constant", np.float32(0)) if any(missing) else x

    chips = op.parameter([BATCH, 3, CHIP_SIDE, CHIP_SIDE], np.float32)
    layers = iter(weights.convolutions)
    x = op.relu(convolve(chips, next(layers), 2))
    x = op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    for _, down in STAGES:
        shortcut = op.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], exclude_pad=True) if down else x
        x = op.relu(convolve(x, next(layers), 2 if down else 1))
        x = convolve(x, next(layers), 1)
        size = [max(a, b) for a, b in zip(list(x.shape)[1:], list(shortcut.shape)[1:], strict=True)]
        x = op.relu(op.add(grow(x, *size), grow(shortcut, *size)))
    found = op.matmul(op.reduce_mean(x, [2, 3]), weights.projection, transpose_a=False, transpose_b=False)
    return reads_pixels(openvino.Model([found], [chips]), CHANNEL_MEANS, 256.0, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The graph, built once a process."""
    return BatchedGraph(_graph)


def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors [n, 128] of RGB chips [n, 150, 150, 3], each the same whatever else is in the batch."""
    parts = [descriptors for [descriptors] in network()(chips)]
    return np.concatenate(parts) if parts else np.empty((0, DESCRIPTOR), np.float32)
