"""The networks read a second time, by TensorFlow: what OpenVINO's results are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks import efficientnet
from pipeline.selfie.networks.assets import EFFICIENTNET_PACKAGE, TFLITE_PACKAGE, packaged_file
from pipeline.selfie.networks.torch_file import read_tensors

Floats = NDArray[np.float32]


def tflite(name: str, inputs: Floats) -> list[Floats]:
    """All outputs of a packaged .tflite file, for inputs [n, side, side, 3] in the model's own range."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(packaged_file(TFLITE_PACKAGE, name)), num_threads=1)
    interpreter.allocate_tensors()
    [place] = interpreter.get_input_details()
    places = [output["index"] for output in interpreter.get_output_details()]
    found = []
    for each in inputs:
        interpreter.set_tensor(place["index"], each[None])
        interpreter.invoke()
        found.append([interpreter.get_tensor(index) for index in places])
    return [np.concatenate(outputs) for outputs in zip(*found, strict=True)]


def efficientnet_maps(pictures: NDArray[np.uint8]) -> list[Floats]:
    """Both maps of EfficientNet-Lite0, its normalisations computed as the file has them and not folded."""
    import tensorflow as tf

    tensors = read_tensors(packaged_file(EFFICIENTNET_PACKAGE, efficientnet.FILE))

    def convolve(x, kernel, norm, stride=1):
        weights = tensors[f"{kernel}.weight"]
        if weights.shape[1] == 1:
            x = tf.nn.depthwise_conv2d(x, weights.transpose(2, 3, 0, 1), [1, stride, stride, 1], "SAME")
        else:
            x = tf.nn.conv2d(x, weights.transpose(2, 3, 1, 0), stride, "SAME")
        mean, variance, shift, scale = (
            tensors[f"{norm}.{each}"] for each in ("running_mean", "running_var", "bias", "weight")
        )
        return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-3)

    x = tf.nn.relu6(convolve((pictures.astype(np.float32) - 127) / 128, "_conv_stem", "_bn0", 2))
    found: list[Any] = []
    for stage in efficientnet.STAGES:
        for i in range(stage.blocks):
            before, name = x, f"_blocks.{len(found)}"
            if stage.expand > 1:
                x = tf.nn.relu6(convolve(x, f"{name}._expand_conv", f"{name}._bn0"))
            x = tf.nn.relu6(convolve(x, f"{name}._depthwise_conv", f"{name}._bn1", 1 if i else stage.stride))
            x = convolve(x, f"{name}._project_conv", f"{name}._bn2")
            x = x + before if i else x
            found.append(x)
    return [found[number].numpy() for number in efficientnet.READ]
