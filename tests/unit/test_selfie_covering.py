"""A covering that the reference shows as well is the same covering; hair over the ears is none, and asks nobody."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import cv2
import numpy as np
import pytest

from pipeline.domain.settings import settings
from pipeline.selfie.defects.defect_scores import Scores, worth_asking
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.measure import Measurer, Roots
from pipeline.selfie.recogniser import DEFAULT, recogniser
from pipeline.selfie.verdict import Measurement, PhotoPair
from pipeline.simulate.photos.accessories.headgear import hat
from pipeline.simulate.photos.canvas import Scene

pytestmark = pytest.mark.slow

data = pytest.importorskip("skimage.data")
CLEAN = Scores(blur=0, glasses=0, ears_hidden=0, tilted=0, dark=0, hat=0, scarf=0, roll=0, yaw=0, pitch=0)


@pytest.mark.parametrize(
    ("seen", "asked"),
    [
        ({}, False),
        ({"ears_hidden": 0.99}, False),  # hair
        ({"scarf": 0.99}, False),  # frames the face: no defect to explain
        ({"ears_hidden": 0.5, "scarf": 0.1}, True),
        ({"ears_hidden": 0.5, "hat": 0.1}, True),
        ({"hat": 0.3}, True),
        ({"hat": 0.1, "scarf": 0.1}, False),
        ({"hat": 0.3, "ears_hidden": None, "scarf": None}, True),
    ],
)
def test_the_reference_is_asked_where_it_could_explain_something(seen, asked):
    assert worth_asking(replace(CLEAN, **seen)) is asked


def test_of_a_selfie_without_a_face_nothing_is_asked():
    assert not worth_asking(None)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> dict[tuple[str, str], Measurement]:
    """Every combination of a bare head and two hats, as selfie and as reference."""
    folder = tmp_path_factory.mktemp("heads")
    bare = data.astronaut()
    mesh = find(bare).mesh
    assert mesh is not None
    scene = Scene(bare, mesh.points[:, :2].astype(np.float64))
    heads = {"bare": bare, **{f"hat {n}": hat(scene, np.random.default_rng(n)) for n in (1, 2)}}
    for name, picture in heads.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    combinations = list(product(heads, heads))
    measurer = Measurer(recogniser(DEFAULT), settings().selfie, None)
    jobs = [PhotoPair(f"{one}.png", f"{other}.png") for one, other in combinations]
    return dict(zip(combinations, measurer.measure(jobs, Roots(folder, folder)), strict=True))


def test_a_hat_on_both_is_the_same_covering(pairs):
    assert all(pairs[one, other].same_covering for one, other in product(("hat 1", "hat 2"), repeat=2))


def test_a_hat_on_the_selfie_alone_stays_a_defect(pairs):
    for name in ("hat 1", "hat 2"):
        assert pairs[name, "bare"].hat > 0.6
        assert not pairs[name, "bare"].same_covering
