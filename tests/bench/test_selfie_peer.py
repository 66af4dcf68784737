"""What is fast must not be worse: DeepFace.verify's distances on the same pairs (Dlib, opencv detector), by group.

DeepFace describes every face that its opencv detector finds and takes the nearest two; where it finds none it takes the
whole picture. A pair without a face is for us one that cannot be compared: the farthest there is.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.selfie.networks.deepface_model import DLIB, register
from pipeline.selfie.recogniser import DEFAULT, recogniser
from tests.faces import FACES
from tools.selfie import group_pairs
from tools.selfie.group_pairs import Pair

pytestmark = pytest.mark.skipif(not FACES.is_dir(), reason="the folder of photographs is not here")
PAIRS = 300  # of each kind
FARTHEST = 10.0


def ours(pairs: list[Pair]) -> np.ndarray:
    """Distances by the default recogniser."""
    model = recogniser(DEFAULT)
    known = group_pairs.describe(FACES, (path for pair in pairs for path in (pair.one, pair.other)), model)
    return np.array([FARTHEST if d is None else d for d in group_pairs.distances(pairs, known, model)])


def deepface(pairs: list[Pair]) -> np.ndarray:
    """The nearest two faces of each pair, as DeepFace.verify compares them."""
    from deepface import DeepFace

    register()
    options = {"model_name": DLIB, "detector_backend": "opencv", "enforce_detection": False}
    found = {
        path: np.array([face["embedding"] for face in DeepFace.represent(str(FACES / path), **options)])
        for path in sorted({path for pair in pairs for path in (pair.one, pair.other)})
    }
    return np.array([np.linalg.norm(found[p.one][:, None] - found[p.other][None], axis=2).min() for p in pairs])


def some(pairs: list[Pair]) -> list[Pair]:
    """At most ``PAIRS`` of them, evenly spread."""
    return pairs[:: max(1, len(pairs) // PAIRS)][:PAIRS]


def of_asian_people() -> list[Pair]:
    """LFW's genuine pairs of Asian people, and strangers of one sex among them."""
    genuine = [pair for pair in group_pairs.labelled(FACES, "lfw") if pair.same and pair.group == "lfw asian"]
    groups = group_pairs.strangers(FACES)
    apart = [
        Pair(one, other, False)
        for group in ("lfw asian L", "lfw asian P")
        for one, other in zip(groups[group][:-1], groups[group][1:], strict=True)
    ]
    return some(genuine) + some(apart)


def of(name: str) -> list[Pair]:
    """Genuine pairs and strangers of a set."""
    pairs = group_pairs.labelled(FACES, name)
    return some([pair for pair in pairs if pair.same]) + some([pair for pair in pairs if not pair.same])


@pytest.mark.parametrize("source", ["lfw", "lfw asian", "celeba"])
def test_not_less_accurate_than_deepface(source):
    pairs = of_asian_people() if source == "lfw asian" else of(source)
    same = np.array([pair.same for pair in pairs])
    auc, lost = {}, {}
    for who, measure in (("ours", ours), ("DeepFace", deepface)):
        apart = measure(pairs)
        auc[who] = roc_auc_score(same, -apart)
        limit = np.sort(apart[~same])[len(apart[~same]) // 100]  # one false match in a hundred
        lost[who] = float((apart[same] >= limit).mean())
        print(f"\n{source}, {who}: AUC {auc[who]:.4f}, genuine pairs lost at one in a hundred {lost[who]:.1%}", end="")
    assert auc["ours"] >= auc["DeepFace"]
    assert lost["ours"] <= lost["DeepFace"]
