"""Reads dlib's serialised ResNet-29 (``dlib_face_recognition_resnet_model_v1.dat``, CC0) into NumPy arrays.

dlib writes the layers from the input to the loss. Each learnt layer is introduced by its tag, followed by one tensor
with all its parameters; sizes are dlib's variable-length integers (a control byte with the count of bytes and the
sign, then the bytes, little-endian). Touches nothing but the file it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import MissingModelError

Floats = NDArray[np.float32]

# Filters of every residual block, and whether it halves the picture, from the input to the descriptor (dlib,
# dnn_face_recognition_ex.cpp).
STAGES: tuple[tuple[int, bool], ...] = (
    *((32, False),) * 3,
    (64, True),
    *((64, False),) * 3,
    (128, True),
    *((128, False),) * 2,
    (256, True),
    *((256, False),) * 2,
    (256, True),
)


@dataclass(frozen=True)
class Convolution:
    """A convolution with the affine layer after it folded in: kernel [h, w, in, out], bias [out]."""

    kernel: Floats
    bias: Floats


@dataclass(frozen=True)
class ResNetWeights:
    """29 convolutions in the order of the file, and the projection [256, 128]."""

    convolutions: tuple[Convolution, ...]
    projection: Floats


def _integer(raw: bytes, at: int) -> tuple[int, int]:
    control = raw[at]
    size = control & 0x0F
    value = int.from_bytes(raw[at + 1 : at + 1 + size], "little")
    return (-value if control & 0x80 else value), at + 1 + size


def _tensor(raw: bytes, at: int) -> tuple[Floats, int]:
    version, at = _integer(raw, at)
    if version != 2:
        raise ValueError(f"tensor version {version}")
    shape = []
    for _ in range(4):
        size, at = _integer(raw, at)
        shape.append(size)
    count = int(np.prod(shape))
    return np.frombuffer(raw, "<f4", count, at).copy(), at + 4 * count


def _next_layer(raw: bytes, tag: bytes, at: int) -> int:
    found = raw.find(tag, at)
    if found < 0:
        raise ValueError(f"no further layer {tag!r}")
    return found + len(tag)


def read_resnet(path: Path) -> ResNetWeights:
    """The weights of dlib's face recognition ResNet; MissingModelError if the file is something else."""
    raw = path.read_bytes()
    shapes = [(7, 3, 32)]
    channels = 32
    for filters, _ in STAGES:
        shapes += [(3, channels, filters), (3, filters, filters)]
        channels = filters
    try:
        at, convolutions = 0, []
        for side, fan_in, filters in shapes:
            kernel_and_bias, at = _tensor(raw, _next_layer(raw, b"con_4", at))
            scale_and_shift, at = _tensor(raw, _next_layer(raw, b"affine_", at))
            weights = kernel_and_bias[:-filters].reshape(filters, fan_in, side, side).transpose(2, 3, 1, 0)
            gamma, beta = scale_and_shift[:filters], scale_and_shift[filters:]
            convolutions.append(Convolution(weights * gamma, kernel_and_bias[-filters:] * gamma + beta))
        at = _next_layer(raw, b"fc_2", at)
        for _ in range(2):  # outputs and inputs
            _, at = _integer(raw, at)
        projection, _ = _tensor(raw, at)
        return ResNetWeights(tuple(convolutions), projection.reshape(256, 128))
    except (ValueError, IndexError) as error:
        raise MissingModelError(f"{path} is not dlib's face recognition ResNet: {error}.") from error
