"""The first layers of dlib's ResNet as features: edges, textures and small shapes, learnt on faces. Pixels only.

These layers come before anything that identifies a person; the classifiers of glasses, hats, scarves and hair over
ears read them on a wider cut of the head than the recogniser sees.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.assets import DLIB_PACKAGE, packaged_file
from pipeline.selfie.dlib_weights import STAGES, Convolution, read_resnet
from pipeline.selfie.resnet import CHANNEL_MEANS, FILE

WIDTH, HEIGHT = 154, 147
#: Stages whose maps are read: the third (32 channels, 4 pixels a step) and the fifth (64 channels, 8 pixels a step).
READ = (2, 4)


def _graph() -> Any:
    import tensorflow as tf

    weights = read_resnet(packaged_file(DLIB_PACKAGE, FILE))

    def convolve(x: Any, layer: Convolution, stride: int) -> Any:
        return tf.nn.bias_add(tf.nn.conv2d(x, layer.kernel, stride, "SAME" if stride == 1 else "VALID"), layer.bias)

    def grow(x: Any, height: int, width: int, channels: int) -> Any:
        return tf.pad(x, [[0, 0], [0, height - x.shape[1]], [0, width - x.shape[2]], [0, channels - x.shape[3]]])

    def maps(chips: Any) -> Any:
        layers = iter(weights.convolutions)
        x = (tf.cast(chips, tf.float32) - tf.constant(CHANNEL_MEANS)) / 256.0
        x = tf.nn.relu(convolve(x, next(layers), 2))
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        read = []
        for stage, (_, down) in enumerate(STAGES[: READ[-1] + 1]):
            shortcut = tf.nn.avg_pool2d(x, 2, 2, "VALID") if down else x
            x = tf.nn.relu(convolve(x, next(layers), 2 if down else 1))
            x = convolve(x, next(layers), 1)
            size = [max(a, b) for a, b in zip(x.shape[1:], shortcut.shape[1:], strict=True)]
            x = tf.nn.relu(grow(x, *size) + grow(shortcut, *size))
            if stage in READ:
                read.append(x)
        return read

    signature = [tf.TensorSpec([None, HEIGHT, WIDTH, 3], tf.uint8)]
    return tf.function(maps, input_signature=signature, autograph=False)


@cache
def _built() -> Any:
    return _graph()


def maps(chip: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """The feature maps [h, w, channels] of one RGB cut [HEIGHT, WIDTH, 3].

    One at a time: a photograph's scores then never depend on which others stand beside it.
    """
    return tuple(np.asarray(found[0], np.float32) for found in _built()(chip[None]))


def pooled(found: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """The means [rows · columns · channels] of a grid over a map [h, w, channels]."""
    height, width, _ = found.shape
    rows, columns = min(rows, height), min(columns, width)
    tops, lefts = np.arange(rows) * height // rows, np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(found, tops, axis=0), lefts, axis=1)
    areas = np.outer(np.diff(np.append(tops, height)), np.diff(np.append(lefts, width)))
    return np.asarray((sums / areas[..., None]).ravel(), np.float32)
