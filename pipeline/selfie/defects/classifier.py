"""Runs the small classifiers trained by ``tools/selfie/train.py``. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.networks.assets import own_weights

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """``weights`` [d] and ``bias`` of a linear map.

    ``slope`` and ``offset`` turn the value into a probability (Platt, 1999), fitted on people not seen in training.
    """

    weights: Floats
    bias: float
    slope: float = 1.0
    offset: float = 0.0

    def value(self, features: Floats) -> Floats:
        """The classifier's value [n] of features [n, d]."""
        return np.asarray(features @ self.weights + self.bias, np.float32)

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
    return Classifier(stored["weights"], float(stored["bias"]), float(stored["slope"]), float(stored["offset"]))
