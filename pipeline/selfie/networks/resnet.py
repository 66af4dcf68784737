"""dlib's face recognition ResNet-29 as one batched TensorFlow graph, twenty times as fast as native dlib on one core.

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
from pipeline.selfie.networks.batched_graph import BatchedGraph
from pipeline.selfie.networks.dlib_weights import STAGES, Convolution, read_resnet

CHIP_SIDE = 150
DESCRIPTOR = 128
FILE = "dlib_face_recognition_resnet_model_v1.dat"
CHANNEL_MEANS = (122.782, 117.001, 104.298)  # dlib: input_rgb_image_sized
BATCH = 4  # few pairs of a wave need a second opinion: a run that is filled up wastes little


def _graph() -> Any:
    import tensorflow as tf

    weights = read_resnet(packaged_file(DLIB_PACKAGE, FILE))

    def convolve(x: Any, layer: Convolution, stride: int) -> Any:
        padding = "SAME" if stride == 1 else "VALID"  # dlib pads by half a kernel, and not at all where it strides
        return tf.nn.bias_add(tf.nn.conv2d(x, layer.kernel, stride, padding), layer.bias)

    def grow(x: Any, height: int, width: int, channels: int) -> Any:
        """dlib's add_prev puts zeros below, right and behind the smaller of two tensors."""
        missing = [[0, 0], [0, height - x.shape[1]], [0, width - x.shape[2]], [0, channels - x.shape[3]]]
        return x if not any(after for _, after in missing) else tf.pad(x, missing)

    def descriptors(chips: Any) -> Any:
        layers = iter(weights.convolutions)
        x = (tf.cast(chips, tf.float32) - tf.constant(CHANNEL_MEANS)) / 256.0
        x = tf.nn.relu(convolve(x, next(layers), 2))
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        for _, down in STAGES:
            shortcut = tf.nn.avg_pool2d(x, 2, 2, "VALID") if down else x
            x = tf.nn.relu(convolve(x, next(layers), 2 if down else 1))
            x = convolve(x, next(layers), 1)
            size = [max(a, b) for a, b in zip(x.shape[1:], shortcut.shape[1:], strict=True)]
            x = tf.nn.relu(grow(x, *size) + grow(shortcut, *size))
        return [tf.matmul(tf.reduce_mean(x, [1, 2]), tf.constant(weights.projection))]

    signature = [tf.TensorSpec([None, CHIP_SIDE, CHIP_SIDE, 3], tf.uint8)]
    return tf.function(descriptors, input_signature=signature, autograph=False)


@cache
def network() -> BatchedGraph:
    """The graph, built once a process."""
    return BatchedGraph(_graph, BATCH, CHIP_SIDE, CHIP_SIDE)


def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors [n, 128] of RGB chips [n, 150, 150, 3], each the same whatever stands beside it."""
    parts = [descriptors for [descriptors] in network()(chips)]
    return np.concatenate(parts) if parts else np.empty((0, DESCRIPTOR), np.float32)
