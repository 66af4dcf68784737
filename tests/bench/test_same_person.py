"""One against all at the size of a wave: 200,000 simulated descriptors, 500 planted people under two to five numbers.

The descriptors are no photographs. Identities are drawn from a normal distribution: the spread of real descriptors (one
photograph each of 826 people of LFW) less that between photographs of one person. A photograph is an identity and a
difference in the directions in which photographs of one person differ, as long as a real one (one length a person). The
shares of impostor and genuine pairs above several similarities are printed beside the real ones. Real faces have
sisters and twins, which this has not.

``GELOMBANG_DESCRIPTORS`` names a file of real descriptors (npz: ``keys``, paths below the faces; ``e`` [n, d]); without
it the photographs are described anew, which takes some minutes.
"""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from pipeline.domain.settings import settings
from pipeline.selfie.networks.unit_length import unit
from pipeline.selfie.one_against_all.faces import pairs_within, similarity
from pipeline.selfie.policy import SelfiePolicy
from tests.faces import FACES

pytestmark = pytest.mark.skipif(not FACES.is_dir(), reason="the folder of photographs is not here")
WAVE = int(os.environ.get("GELOMBANG_BENCH_FACES", "200000"))
PLANTED = 500
#: The threshold of the model card, where the recogniser in force has none.
THRESHOLD = 0.64
Vectors = NDArray[np.float32]


def described() -> tuple[list[str], Vectors]:
    """Real descriptors of LFW's photographs, and whose they are."""
    given = os.environ.get("GELOMBANG_DESCRIPTORS")
    if given:
        held = np.load(Path(given))
        chosen = np.array([str(key).startswith("lfw/") for key in held["keys"]])
        return [str(key)[4:8] for key in held["keys"][chosen]], unit(held["e"][chosen].astype(np.float32))
    from pipeline.selfie.look import prints_of
    from pipeline.selfie.verdict import PhotoPair

    if SelfiePolicy.default(settings()).one_against_all is None:
        pytest.skip("the recogniser in force compares no faces one against all")
    paths = sorted(path.relative_to(FACES).as_posix() for path in (FACES / "lfw").glob("*.jpg"))
    model = settings().selfie.model
    seen = prints_of([PhotoPair(path, None) for path in paths], selfies=FACES, photos=FACES, model=model)
    prints = [one for batch in seen for one in batch]
    kept = [(path[4:8], one.selfie.face) for path, one in zip(paths, prints, strict=True) if one]
    faces = [(who, face) for who, face in kept if face is not None]
    return [who for who, _ in faces], np.stack([face for _, face in faces])


def simulated(who: list[str], real: Vectors, rng: np.random.Generator) -> tuple[Vectors, NDArray[np.int64]]:
    """Descriptors [n, d] and the identity of each; the last ones are the planted people's further numbers."""
    person = np.unique(who, return_inverse=True)[1]
    first = np.unique(person, return_index=True)[1]
    other = np.array([a for a, b in pairwise(range(len(person))) if person[a] == person[b]])
    apart = real[other + 1] - real[other]
    within = apart.T @ apart / len(apart) / 2
    mean, spread = real[first].mean(axis=0), np.cov(real[first].T)
    values, axes = np.linalg.eigh(spread - within)
    between = (axes * np.maximum(values, 0)) @ axes.T
    further = rng.integers(1, 5, PLANTED)
    people = WAVE - int(further.sum())
    identities = rng.multivariate_normal(mean, between, people, method="eigh").astype(np.float32)
    identity = np.concatenate([np.arange(people), np.repeat(np.arange(PLANTED), further)])
    length = rng.choice(np.linalg.norm(apart, axis=1), people)[identity] / np.sqrt(2)
    taken = unit(rng.multivariate_normal(np.zeros(len(mean)), within, len(identity), method="eigh").astype(np.float32))
    return unit(identities[identity] + taken * length[:, None].astype(np.float32)), identity


def shares_above(vectors: Vectors, marks: tuple[float, ...]) -> list[float]:
    near = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return [float((near >= mark).mean()) for mark in marks]


def test_planted_people_are_found_in_a_whole_wave() -> None:
    who, real = described()
    rng = np.random.default_rng(13)
    faces, identity = simulated(who, real, rng)
    marks = (0.30, 0.35, 0.40, 0.45)
    first = np.unique(np.array(who), return_index=True)[1]
    model, truth = shares_above(faces[:6000], marks), shares_above(real[first], marks)
    print(
        "\nimpostor pairs at or above", marks, "real", [f"{x:.1e}" for x in truth], "model", [f"{x:.1e}" for x in model]
    )
    threshold = SelfiePolicy.default(settings()).one_against_all or THRESHOLD

    process = psutil.Process()
    before, begun = process.memory_info().rss, time.process_time()
    found = pairs_within(faces, threshold)
    compare = time.process_time() - begun
    begun = time.process_time()
    for start in range(0, 20 * 1024, 1024):  # the same product and nothing else, of a hundredth of the pairs
        faces[:1024] @ faces[start : start + 1024].T
    product = (time.process_time() - begun) * (WAVE / 1024) ** 2 / 2 / 20

    true = identity[found.one] == identity[found.other]
    planted = np.flatnonzero(np.bincount(identity) > 1)
    people = np.unique(identity[found.one[true]])
    pairs = np.bincount(identity)
    possible = int((pairs * (pairs - 1) // 2).sum())
    false_people = np.unique(np.concatenate([found.one[~true], found.other[~true]]))
    print(
        f"{WAVE:,} descriptors, {len(planted)} people under several numbers, threshold {threshold}: "
        f"{len(people)} people found ({len(people) / len(planted):.1%}), {int(true.sum())} of {possible} pairs; "
        f"{int((~true).sum())} false pairs, {len(false_people)} applicants among them "
        f"({len(false_people) / WAVE:.5%}); {compare:.0f} CPU seconds ({compare / product:.2f} × the bare product), "
        f"{(process.memory_info().rss - before) / 1e6:.0f} MB more than the descriptors' {faces.nbytes / 1e6:.0f} MB"
    )
    assert len(false_people) <= WAVE / 1000
    assert len(people) >= 0.6 * len(planted)
    assert compare <= 3 * product
    assert process.memory_info().rss - before < 4 * faces.nbytes
    exact = similarity(faces[found.one], faces[found.other])
    assert (exact >= threshold).all()
