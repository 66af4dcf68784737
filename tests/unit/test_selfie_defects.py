"""Defect scores on one packaged face: clean it passes, and each rendered fault raises its own score."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.domain.settings import Settings
from pipeline.selfie.defects.defect_scores import Scores, look
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.policy import SelfiePolicy
from tools.selfie import render

data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def astronaut():
    picture = data.astronaut()
    found = find(picture)
    assert found.main is not None
    assert found.mesh is not None
    return picture, found.main, found.mesh


def scores(picture: np.ndarray, seen: tuple) -> Scores:
    return look([(picture, seen[2])])[0]


def known(score: float | None) -> float:
    assert score is not None
    return score


def test_a_clean_portrait_is_clean(astronaut):
    clean = scores(astronaut[0], astronaut)
    points = SelfiePolicy.default(Settings()).points
    assert all(getattr(clean, name) < point for name, point in points.items())
    assert clean.scarf is not None
    assert clean.scarf < 0.5
    assert abs(clean.roll) < 10


@pytest.mark.parametrize("strength", [0.04, 0.08])
def test_blur_out_of_focus(astronaut, strength):
    assert known(scores(render.gaussian(astronaut[0], astronaut[2], strength), astronaut).blur) > 0.5


@pytest.mark.parametrize("angle", [0.0, 0.8, 1.57])
def test_blur_by_motion(astronaut, angle):
    assert known(scores(render.motion(astronaut[0], astronaut[2], 0.25, angle), astronaut).blur) > 0.5


def test_darkness_and_shadow(astronaut):
    picture, _, mesh = astronaut
    clean = known(scores(picture, astronaut).dark)
    assert known(scores(render.underexposed(picture, 0.03), astronaut).dark) > max(0.5, clean)
    assert known(
        scores(render.shadow(picture, mesh, gain=0.04, angle=0.0, place=0.0, softness=0.05), astronaut).dark
    ) > max(0.5, clean)


def _skin(picture: np.ndarray, mesh, gain: float) -> np.ndarray:
    """The same light on darker skin: eyes, mouth and all that surrounds the face keep theirs."""
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(mesh.points[:, :2].astype(np.int32)), 1.0)
    for part in ((33, 159, 133, 145), (362, 386, 263, 374), (61, 13, 291, 14)):
        cv2.fillConvexPoly(mask, cv2.convexHull(mesh.points[list(part), :2].astype(np.int32)), 0.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
    linear = (picture / 255.0) ** 2.2 * (1 - mask + gain * mask)
    return (linear ** (1 / 2.2) * 255).astype(np.uint8)


@pytest.mark.parametrize("gain", [0.35, 0.18])
def test_dark_skin_in_good_light_is_not_dark(astronaut, gain):
    picture, _, mesh = astronaut
    points = SelfiePolicy.default(Settings()).points
    darker = _skin(picture, mesh, gain)
    assert known(scores(darker, astronaut).dark) < known(scores(picture, astronaut).dark) + 0.02
    assert known(scores(render.underexposed(darker, 0.03), astronaut).dark) >= points["dark"]


@pytest.mark.parametrize("degrees", [-30, 30])
def test_roll_follows_the_picture(astronaut, degrees):
    picture = astronaut[0]
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(picture, matrix, (width, height)), np.uint8)
    found = find(turned)
    assert found.main is not None
    assert found.mesh is not None
    [score] = look([(turned, found.mesh)])
    assert score.roll == pytest.approx(scores(picture, astronaut).roll + degrees, abs=3)
    assert known(score.tilted) > 0.5


def test_what_the_picture_cuts_off_is_unknown(astronaut):
    picture, _, mesh = astronaut
    top = int(mesh.points[:, 1].min())
    cut = np.ascontiguousarray(picture[top:])
    found = find(cut)
    assert found.main is not None
    assert found.mesh is not None
    assert look([(cut, found.mesh)])[0].hat is None


def test_scores_are_the_same_every_time(astronaut):
    assert scores(astronaut[0], astronaut) == scores(astronaut[0], astronaut)
