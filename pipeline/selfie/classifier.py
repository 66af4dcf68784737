"""Runs the small classifiers trained by ``tools/selfie/train.py``: linear, or a kernel machine. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.assets import own_weights

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Kernel:
    """A radial-basis support vector machine: vectors [v, k], their ``alphas`` [v], and the width ``gamma``."""

    vectors: Floats
    alphas: Floats
    gamma: float
    bias: float

    def value(self, x: Floats) -> Floats:
        """Of points [n, k]."""
        squares = (x**2).sum(1)[:, None] + (self.vectors**2).sum(1) - 2 * x @ self.vectors.T
        return np.asarray(np.exp(-self.gamma * squares) @ self.alphas + self.bias, np.float32)


@dataclass(frozen=True)
class Classifier:
    """``weights`` [d, k] and ``bias`` [k] of a linear map: its result is the value (k = 1), or the kernel's input.

    ``slope`` and ``offset`` turn the value into a probability (Platt, 1999), fitted on people not seen in training.
    """

    weights: Floats
    bias: Floats
    slope: float = 1.0
    offset: float = 0.0
    kernel: Kernel | None = None

    def value(self, features: Floats) -> Floats:
        """The classifier's value [n] of features [n, d]."""
        mapped = np.asarray(features @ self.weights + self.bias, np.float32)
        return self.kernel.value(mapped) if self.kernel else np.asarray(mapped[:, 0], np.float32)

    def chance(self, value: Floats) -> Floats:
        """The probability that belongs to a value."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * value + self.offset, -30, 30))), np.float32)

    def probability(self, features: Floats) -> float:
        """0–1 of one vector of features [d]."""
        return float(self.chance(self.value(features[None]))[0])


@cache
def classifier(name: str) -> Classifier:
    """The committed classifier of a defect; MissingModelError if its weights are missing."""
    with np.load(own_weights(f"{name}.npz"), allow_pickle=False) as kept:
        stored = {key: kept[key].astype(np.float32) for key in kept.files}
    kernel = None
    if "vectors" in stored:
        kernel = Kernel(stored["vectors"], stored["alphas"], float(stored["gamma"]), float(stored["kernel_bias"]))
    return Classifier(stored["weights"], stored["bias"], float(stored["slope"]), float(stored["offset"]), kernel)
