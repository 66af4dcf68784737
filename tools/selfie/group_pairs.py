"""Pairs of photographs by group: different people of one set, group and sex; and each set's genuine pairs.

Reads the folder of photographs that `tools/selfie/make_policy.py` reads; writes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from pipeline.domain.settings import settings
from pipeline.selfie.calibration import LabelledPairs
from pipeline.selfie.decode import decode
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.recogniser import Described, Recogniser

#: False matches that a group may have. UTKFace's people outside its groups Asian and white appear twice now and then
#: (looked at by eye), so that two in a thousand of them prove nothing against a threshold.
LIMITS = {f"utk {group} {sex}": 0.002 for group in ("indian", "black", "other") for sex in "LP"}
_FACES_AT_ONCE = 32


@dataclass(frozen=True)
class Pair:
    """Two photographs and whether they show one person; ``group`` is empty where it is not known."""

    one: str
    other: str
    same: bool
    group: str = ""


def rows_of(path: Path) -> list[dict[str, str]]:
    """The lines of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def labelled(faces: Path, name: str) -> list[Pair]:
    """The labelled pairs of ``lfw`` or ``celeba``; of LFW the group of the first person, where it is known."""
    groups = {f"lfw/{row['person']}": f"lfw {row['group']}" for row in rows_of(faces / "lfw_groups.csv")}
    return [
        Pair(row["selfie"], row["reference"], row["same"] == "1", groups.get(row["selfie"].split("_")[0], name))
        for row in rows_of(faces / f"{name}_pairs.csv")
    ]


def strangers(faces: Path) -> dict[str, list[str]]:
    """The photographs of each group (set, group, sex), one a person: every two of a group are different people."""
    found: dict[str, list[str]] = {}
    for row in rows_of(faces / "groups.csv"):
        found.setdefault(f"{row['set']} {row['group']} {row['sex']}", []).append(row["path"])
    return found


def describe(faces: Path, paths: Iterable[str], model: Recogniser) -> dict[str, Described]:
    """The described faces of photographs; one without a face is left out."""
    limits = settings().selfie
    found = {}
    for path in sorted(set(paths)):
        pixels = decode((faces / path).read_bytes(), limits.max_pixels, limits.detect_side).pixels
        mesh = find(pixels).mesh
        if mesh is not None:
            found[path] = (pixels, mesh)
    names = list(found)
    described = {}
    for start in range(0, len(names), _FACES_AT_ONCE):
        part = names[start : start + _FACES_AT_ONCE]
        for name, vector in zip(part, model.describe([found[each] for each in part]), strict=True):
            described[name] = Described(found[name], vector)
    return described


def distances(pairs: Sequence[Pair], known: dict[str, Described], model: Recogniser) -> list[float | None]:
    """The distance of each pair; None where a face is missing."""
    asked = [(known[pair.one], known[pair.other]) for pair in pairs if pair.one in known and pair.other in known]
    found = iter(model.distances(asked))
    return [next(found) if pair.one in known and pair.other in known else None for pair in pairs]


def by_group(faces: Path, model: Recogniser) -> list[LabelledPairs]:
    """All groups: strangers of ``groups.csv``; LFW's genuine pairs under ``lfw asian`` and ``lfw other``, CelebA's
    under ``celeba``."""
    result = []
    for group, paths in sorted(strangers(faces).items()):
        pairs = [Pair(one, other, same=False, group=group) for one, other in combinations(paths, 2)]
        result.append(_labelled(group, pairs, distances(pairs, describe(faces, paths, model), model)))
    for name in ("lfw", "celeba"):
        pairs = [pair for pair in labelled(faces, name) if pair.same]
        found = distances(
            pairs, describe(faces, (path for pair in pairs for path in (pair.one, pair.other)), model), model
        )
        for group in sorted({pair.group for pair in pairs}):
            mine = [i for i, pair in enumerate(pairs) if pair.group == group]
            result.append(_labelled(f"{group}, genuine", [pairs[i] for i in mine], [found[i] for i in mine]))
    return result


def _labelled(group: str, pairs: Sequence[Pair], found: Sequence[float | None]) -> LabelledPairs:
    values = np.array([np.inf if each is None else each for each in found], np.float64)
    same = np.array([pair.same for pair in pairs], bool)
    return LabelledPairs(group, values[same], values[~same])
