"""What is fast must not be worse: DeepFace.verify's distances on the same pairs, with the same recogniser.

DeepFace describes every face that its opencv detector finds and takes the nearest two; where it finds none it takes the
whole picture. A pair without a face is for us one that cannot be compared: the farthest there is.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.selfie.decode import decode
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.networks.deepface_model import NAME, register
from pipeline.selfie.recogniser import DEFAULT, recogniser
from tests.faces import FACES

pytestmark = pytest.mark.skipif(not FACES.is_dir(), reason="the folder of photographs is not here")
PAIRS = 300  # of each kind
FARTHEST = 2.0
Vectors = dict[str, np.ndarray]


def ours(names: list[str]) -> Vectors:
    """Each photograph's descriptor [1, 128], or none [0, 128]."""
    model, found = recogniser(DEFAULT), {}
    for name in names:
        photo = decode((FACES / name).read_bytes(), 120_000_000, 640).pixels
        mesh = find(photo).mesh
        found[name] = model.embed(model.cut(photo, mesh.points)[None]) if mesh is not None else np.empty((0, 128))
    return found


def deepface(names: list[str]) -> Vectors:
    """Each photograph's descriptors [faces, 128], as DeepFace.verify compares them."""
    from deepface import DeepFace

    register()
    options = {"model_name": NAME, "detector_backend": "opencv", "enforce_detection": False}
    return {
        name: np.array([face["embedding"] for face in DeepFace.represent(str(FACES / name), **options)])
        for name in names
    }


def distances(vectors: Vectors, pairs: list[tuple[str, str]]) -> np.ndarray:
    """The nearest two faces of each pair."""
    apart = [np.linalg.norm(vectors[a][:, None] - vectors[b][None], axis=2) for a, b in pairs]
    return np.array([each.min() if each.size else FARTHEST for each in apart])


@pytest.mark.parametrize("source", ["lfw", "celeba"])
def test_not_less_accurate_than_deepface(source):
    rows = [line.split(",") for line in (FACES / f"{source}_pairs.csv").read_text().split()[1:]]
    kinds = [[row for row in rows if row[2] == same] for same in "10"]
    chosen = [row for kind in kinds for row in kind[:: len(kind) // PAIRS][:PAIRS]]
    pairs, same = [(a, b) for a, b, _ in chosen], np.array([flag == "1" for *_, flag in chosen])
    names = sorted({name for pair in pairs for name in pair})
    auc, lost = {}, {}
    for who, describe in (("ours", ours), ("DeepFace", deepface)):
        apart = distances(describe(names), pairs)
        auc[who] = roc_auc_score(same, -apart)
        limit = np.sort(apart[~same])[len(apart[~same]) // 100]  # one false match in a hundred
        lost[who] = float((apart[same] >= limit).mean())
        print(f"\n{source}, {who}: AUC {auc[who]:.4f}, false non-matches at one in a hundred {lost[who]:.1%}", end="")
    assert auc["ours"] >= auc["DeepFace"]
    assert lost["ours"] <= lost["DeepFace"]
