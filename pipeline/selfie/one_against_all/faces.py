"""Every pair of faces at or above a similarity, by a matrix product in blocks: exact, with bounded memory.

No approximate index: 200,000 faces are 2·10¹⁰ pairs, which a product of 128-dimensional vectors does in minutes.
Touches no file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Faces a side of a block: 1,024 × 1,024 similarities are 4 MB and stay in a core's cache; larger ones are slower.
BLOCK = 1024
#: A float32 product of unit vectors is off by less than this; the pairs that it lets through are computed again.
_SLACK = 1e-4
DIGITS = 4


@dataclass(frozen=True)
class Pairs:
    """Places of two photographs, ``one`` < ``other`` where they come from one list, and their similarity [k]."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.one)


def similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each pair of unit vectors [k, d], rounded: the same whatever the threads, blocks or machine."""
    product = one.astype(np.float64) * other.astype(np.float64)
    return np.round(product.sum(axis=1), DIGITS)


def pairs_within(
    faces: NDArray[np.float32], threshold: float, progress: Callable[[int, int], None] | None = None
) -> Pairs:
    """All pairs of the unit vectors [n, d] at or above ``threshold``, nearest first, then by place."""
    starts = range(0, len(faces), BLOCK)
    found: list[Pairs] = []
    done, total = 0, len(starts) * (len(starts) + 1) // 2
    for start in starts:
        for other in range(start, len(faces), BLOCK):
            found.append(_block(faces, faces, start, other, threshold, triangle=start == other))
            done += 1
            if progress:
                progress(done, total)
    return _joined(found)


def pairs_between(
    faces: NDArray[np.float32],
    others: NDArray[np.float32],
    threshold: float,
    progress: Callable[[int, int], None] | None = None,
) -> Pairs:
    """All pairs of one of ``faces`` [n, d] and one of ``others`` [m, d] at or above ``threshold``, nearest first."""
    found: list[Pairs] = []
    for start in range(0, len(faces), BLOCK):
        for other in range(0, len(others), BLOCK):
            found.append(_block(faces, others, start, other, threshold, triangle=False))
        if progress:
            progress(min(start + BLOCK, len(faces)), len(faces))
    return _joined(found)


def _block(
    faces: NDArray[np.float32],
    others: NDArray[np.float32],
    start: int,
    other: int,
    threshold: float,
    *,
    triangle: bool,
) -> Pairs:
    near = faces[start : start + BLOCK] @ others[other : other + BLOCK].T >= np.float32(threshold - _SLACK)
    # places of the few that are near, from the flat mask: np.nonzero of a matrix looks at every element twice
    flat = np.flatnonzero(near)
    a, b = flat // near.shape[1], flat % near.shape[1]
    if triangle:
        above = a < b
        a, b = a[above], b[above]
    a, b = a + start, b + other
    exact = similarity(faces[a], others[b])
    kept = exact >= threshold
    return Pairs(a[kept], b[kept], exact[kept])


def _joined(found: list[Pairs]) -> Pairs:
    """The blocks' pairs in one order: nearest first, then by place."""
    one = np.concatenate([p.one for p in found]) if found else np.zeros(0, np.int64)
    other = np.concatenate([p.other for p in found]) if found else np.zeros(0, np.int64)
    near = np.concatenate([p.similarity for p in found]) if found else np.zeros(0)
    order = np.lexsort((other, one, -near))
    return Pairs(one[order], other[order], near[order])
