"""Which photographs show one face or are one picture: pairs for a person to look at. Touches no file.

A pair is a candidate when its faces agree at the one-against-all threshold, or when its pictures are nearly the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.selfie.one_against_all.copies import ALONE, WITH_FACE, bits_apart, near_hashes
from pipeline.selfie.one_against_all.faces import Pairs, pairs_between, pairs_within, similarity

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Candidates:
    """Places of two prints; ``similarity`` is NaN where one of them has no face; ``same_file``: one picture, nearly."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    similarity: NDArray[np.float64]
    same_file: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.one)


def with_face(prints: NDArray[np.void]) -> NDArray[np.int64]:
    """Places of the prints that have a descriptor."""
    faces = prints["face"]
    return np.flatnonzero((faces != 0).any(axis=1)) if faces.shape[1] else np.zeros(0, np.int64)


def within(prints: NDArray[np.void], threshold: float | None, progress: Progress | None = None) -> Candidates:
    """Candidates among prints, each pair once with ``one`` < ``other``. ``threshold``: None compares no faces."""
    place, near = np.zeros(0, np.int64), None
    if threshold is not None:
        place = with_face(prints)
        near = pairs_within(np.ascontiguousarray(prints["face"][place]), threshold, progress)
    copies = near_hashes(np.ascontiguousarray(prints["picture"]))
    return _candidates(prints, prints, _placed(near, place, place), copies)


def between(
    prints: NDArray[np.void],
    others: NDArray[np.void],
    threshold: float | None,
    progress: Progress | None = None,
) -> Candidates:
    """Candidates of one of ``prints`` and one of ``others``; faces only where both have the same recogniser's."""
    comparable = threshold is not None and prints["face"].shape[1] == others["face"].shape[1]
    place, other = (with_face(prints), with_face(others)) if comparable else (np.zeros(0, np.int64),) * 2
    near = None
    if len(place) and len(other) and threshold is not None:
        faces = np.ascontiguousarray(prints["face"][place]), np.ascontiguousarray(others["face"][other])
        near = pairs_between(*faces, threshold, progress)
    copies = near_hashes(np.ascontiguousarray(prints["picture"]), np.ascontiguousarray(others["picture"]))
    return _candidates(prints, others, _placed(near, place, other), copies)


def same_bytes(prints: NDArray[np.void], others: NDArray[np.void]) -> Candidates:
    """Pairs of one of ``prints`` and one of ``others`` that are one file, in the order of their places."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for at, print_ in enumerate(others["selfie"]):
        places[print_.tobytes()].append(at)
    found = [(at, b) for at, print_ in enumerate(prints["selfie"]) for b in places.get(print_.tobytes(), ())]
    one, other = np.array(found, np.int64).reshape(-1, 2).T
    return Candidates(one, other, np.full(len(one), np.nan), np.ones(len(one), bool))


def own_photograph(prints: NDArray[np.void], threshold: float | None, *, nearly: bool = True) -> NDArray[np.bool_]:
    """Whether each selfie is the register's own photograph: the same bytes or, with ``nearly``, the same picture."""
    if not nearly:
        return np.asarray(prints["selfie"] == prints["reference"], np.bool_)
    apart, alike = prints["apart"], prints["alike"]
    same = (apart >= 0) & (apart <= ALONE)
    if threshold is not None:
        same |= (apart >= 0) & (apart <= WITH_FACE) & (alike >= threshold)
    return np.asarray(same | (prints["selfie"] == prints["reference"]), np.bool_)


def _placed(near: Pairs | None, place: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    if near is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return place[near.one], other[near.other]


def _candidates(
    prints: NDArray[np.void],
    others: NDArray[np.void],
    faces: tuple[NDArray[np.int64], ...],
    copies: tuple[NDArray[np.int64], ...],
) -> Candidates:
    """Both kinds of pairs as one list: nearest first, those without a face last, then by place."""
    one, other = np.unique(np.hstack([np.stack(faces), np.stack(copies)]), axis=1)
    face_one, face_other = faces
    by_face = np.isin(one * len(others) + other, face_one * len(others) + face_other)
    apart = bits_apart(prints["picture"][one], others["picture"][other])
    same = (apart <= ALONE) | (by_face & (apart <= WITH_FACE))
    alike = np.full(len(one), np.nan)
    if prints["face"].shape[1] == others["face"].shape[1]:
        known = np.isin(one, with_face(prints)) & np.isin(other, with_face(others))
        alike[known] = similarity(prints["face"][one[known]], others["face"][other[known]])
    order = np.lexsort((other, one, np.where(np.isnan(alike), np.inf, -alike)))
    return Candidates(one[order], other[order], alike[order], same[order])
