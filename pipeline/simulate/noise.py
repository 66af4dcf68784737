"""Random numbers by position: each is a pure function of (seed, field, index). Touches nothing.

So any person can be made again from their index alone, in any chunk and on any number of workers. The mixer is
splitmix64 (Steele, Lea and Flood, 2014), whose output passes BigCrush on consecutive counters.
"""

from __future__ import annotations

import hashlib
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def bits(seed: int, field: str, index: ArrayLike) -> U64:
    """64 random bits for each index."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}:{field}".encode(), digest_size=8).digest(), "little")
    z = np.asarray(index).astype(np.uint64) * _GOLDEN
    z += np.uint64(key)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def uniform(seed: int, field: str, index: ArrayLike) -> NDArray[np.float64]:
    """A number in [0, 1) for each index."""
    return np.asarray((bits(seed, field, index) >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def pick(seed: int, field: str, index: ArrayLike, n: int) -> I64:
    """A number in 0 … n-1 for each index; ``n`` below 2**32."""
    return (((bits(seed, field, index) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


def lottery(weights: ArrayLike, size: int = 4096) -> NDArray[np.int16]:
    """A table that has each choice in proportion to its weight: a draw is then one look-up."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    points = (np.arange(size) + 0.5) / size * edges[-1]
    return np.searchsorted(edges, points, side="right").astype(np.int16)


def weighted(seed: int, field: str, index: ArrayLike, table: NDArray[np.int16]) -> NDArray[np.int16]:
    """A choice for each index, by a :func:`lottery` table."""
    return table[pick(seed, field, index, len(table))]


class Shuffle:
    """An order of 0 … n-1 that visits every number once and neighbours far apart: k → (a·k + b) mod n."""

    def __init__(self, n: int, seed: int, field: str) -> None:
        self.n = n
        self.a = max(1, int(n * 0.6180339887))
        while gcd(self.a, n) != 1:
            self.a += 1
        self.b = int(pick(seed, field, [0], n)[0]) if n < 2**32 else 0

    def __call__(self, k: I64) -> I64:
        return (self.a * k + self.b) % self.n
