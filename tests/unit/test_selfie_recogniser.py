"""How the default recogniser compares: SFace decides, a close call is looked at again, dlib may only object."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.selfie.detection.mesh import Mesh
from pipeline.selfie.networks import resnet, sface
from pipeline.selfie.recogniser import DEFAULT, Described, recogniser


def face(number: int, descriptor: np.ndarray) -> Described:
    """A described face; its picture has the face's number, so that the networks' stand-ins know it."""
    picture = np.full((160, 160, 3), number, np.uint8)
    points = np.zeros((468, 3), np.float32)
    points[:, 0], points[:, 1] = np.arange(468) % 22 * 5 + 20, np.arange(468) // 22 * 5 + 20
    return Described((picture, Mesh(points, 1.0)), descriptor.astype(np.float32))


def unit(*values: float) -> np.ndarray:
    vector = np.zeros(128)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


@pytest.fixture
def networks(monkeypatch):
    """Mirrored descriptors and dlib's, by the number of the picture; what was asked is kept."""
    asked: dict[str, list[int]] = {"mirrored": [], "dlib": []}
    mirrored = {0: unit(1), 1: unit(0.5, 0.75**0.5)}
    dlib = {0: np.zeros(128), 1: unit(1) * 0.9}

    def stand_in(kind, answers):
        def embed(chips):
            numbers = [int(chip[chip.shape[0] // 2, chip.shape[1] // 2, 0]) for chip in chips]
            asked[kind] += numbers
            return np.array([answers[number] for number in numbers], np.float32)

        return embed

    monkeypatch.setattr(sface, "embed", stand_in("mirrored", mirrored))
    monkeypatch.setattr(resnet, "embed", stand_in("dlib", dlib))
    return asked


def test_two_faces_that_sface_calls_the_same_are_asked_about_nowhere_else(networks):
    pair = face(0, unit(1)), face(1, unit(0.8, 0.6))
    assert recogniser(DEFAULT).distances([pair]) == [pytest.approx(0.2, abs=1e-6)]
    assert networks == {"mirrored": [], "dlib": []}


def test_two_faces_that_sface_calls_strangers_are_asked_of_dlib_alone(networks):
    pair = face(0, unit(1)), face(1, unit(0.1, 0.99**0.5))
    objection = 2 * (0.9 - 0.64)
    assert recogniser(DEFAULT).distances([pair]) == [pytest.approx(0.9 + objection, abs=1e-6)]
    assert networks == {"mirrored": [], "dlib": [0, 1]}


def test_a_close_call_is_compared_with_the_mirror_images_too(networks):
    one, other = face(0, unit(1)), face(1, unit(0.4, 0.84**0.5))
    mean = unit(1), (unit(0.4, 0.84**0.5) + unit(0.5, 0.75**0.5)) / 2
    cosine = float(mean[0] @ mean[1] / np.linalg.norm(mean[1]))
    assert recogniser(DEFAULT).distances([(one, other)]) == [pytest.approx(1 - cosine + 2 * (0.9 - 0.64), abs=1e-6)]
    assert sorted(networks["mirrored"]) == [0, 1]


def test_dlib_never_brings_two_faces_closer(networks):
    same_for_dlib = face(0, unit(1)), face(0, unit(0.1, 0.99**0.5))
    assert recogniser(DEFAULT).distances([same_for_dlib]) == [pytest.approx(0.9, abs=1e-6)]


def test_a_face_in_several_pairs_is_described_once(networks):
    one, other = face(0, unit(1)), face(1, unit(0.1, 0.99**0.5))
    first, second = recogniser(DEFAULT).distances([(one, other), (other, one)])
    assert first == second
    assert networks["dlib"] == [0, 1]


def test_no_pair_has_no_distance():
    assert recogniser(DEFAULT).distances([]) == []
