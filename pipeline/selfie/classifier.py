"""Runs the small classifiers trained by ``tools/selfie/train.py``: a weighted sum of features, and a logistic curve.
NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.assets import own_weights


@dataclass(frozen=True)
class Classifier:
    """``weights`` [d] and ``bias`` of a linear classifier; ``slope`` and ``offset`` turn its value into a
    probability (Platt, 1999), fitted on people whom the classifier had not seen."""

    weights: NDArray[np.float32]
    bias: float
    slope: float = 1.0
    offset: float = 0.0

    def value(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The weighted sum of features [..., d]."""
        return np.asarray(features @ self.weights + self.bias, np.float32)

    def probability(self, features: NDArray[np.float32]) -> float:
        """0–1 of one vector of features [d]."""
        return float(self.chance(self.value(features)))

    def chance(self, value: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability that belongs to a weighted sum."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * value + self.offset, -30, 30))), np.float32)


@cache
def classifier(name: str) -> Classifier:
    """The committed classifier of a defect; MissingModelError if its weights are missing."""
    with np.load(own_weights(f"{name}.npz"), allow_pickle=False) as stored:
        return Classifier(
            stored["weights"].astype(np.float32), float(stored["bias"]), float(stored["slope"]), float(stored["offset"])
        )
