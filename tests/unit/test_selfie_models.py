"""The recogniser: equal to native dlib, known to DeepFace; any other model only with its own weights and thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.errors import BadSettingError, MissingModelError, UncalibratedModelError
from pipeline.domain.settings import SelfieSettings, Settings
from pipeline.selfie import align
from pipeline.selfie.networks import resnet
from pipeline.selfie.networks.assets import DLIB_PACKAGE, packaged_file
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, distance, recogniser
from tests.faces import FACES


def chips(count: int) -> np.ndarray:
    """Chips of real faces where the folder is there, else renderings of the face that ships in a package."""
    from pipeline.selfie.decode import decode
    from pipeline.selfie.detection.face_finder import find

    found: list[np.ndarray] = []
    paths = sorted(FACES.glob("lfw/*_1.jpg"))[: count + 20]
    for path in paths:
        pixels = decode(path.read_bytes(), 10**8, 640).pixels
        face = find(pixels)
        if face.mesh is not None and len(found) < count:
            found.append(align.chip(pixels, face.mesh.points, resnet.CHIP_SIDE))
    if not found:
        from skimage import data

        picture = data.astronaut()
        mesh = find(picture).mesh
        assert mesh is not None
        base = align.chip(picture, mesh.points, resnet.CHIP_SIDE).astype(np.int16)
        noise = np.random.default_rng(1)
        for _ in range(count):
            found.append(
                np.clip(base + noise.normal(0, 20, base.shape) + noise.integers(-40, 40), 0, 255).astype(np.uint8)
            )
    return np.stack(found)


def test_the_tensorflow_graph_equals_native_dlib_on_200_faces():
    dlib = pytest.importorskip("dlib")
    native = dlib.face_recognition_model_v1(str(packaged_file(DLIB_PACKAGE, resnet.FILE)))
    faces = chips(200)
    theirs = np.array([native.compute_face_descriptor(np.ascontiguousarray(face)) for face in faces])
    assert len(faces) >= 200
    assert np.abs(resnet.embed(faces) - theirs).max() <= 1e-5


def test_an_embedding_does_not_depend_on_its_neighbours():
    faces = chips(40)
    together = resnet.embed(faces)
    alone = np.concatenate([resnet.embed(face[None]) for face in faces])
    assert np.array_equal(together, alone)


def test_deepface_knows_the_default_model():
    from deepface import DeepFace

    from pipeline.selfie.networks.deepface_model import NAME, register

    register()
    face = chips(1)[0][..., ::-1]
    [found] = DeepFace.represent(face, model_name=NAME, detector_backend="skip", enforce_detection=False)
    assert len(found["embedding"]) == resnet.DESCRIPTOR
    assert distance(np.array(found["embedding"], np.float32), resnet.embed(face[None, ..., ::-1].copy())[0]) < 0.05


def test_a_model_without_its_weights_names_the_file_and_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(MissingModelError, match="ArcFace") as caught:
        recogniser("ArcFace")
    assert "arcface_weights.h5" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_name_that_is_no_model_is_refused():
    with pytest.raises(BadSettingError, match="no recogniser"):
        recogniser("Nobody")


def test_thresholds_are_never_borrowed(tmp_path):
    with pytest.raises(UncalibratedModelError, match="ArcFace"):
        SelfiePolicy.default(Settings(selfie=SelfieSettings(model="ArcFace")))
    own = tmp_path / "policy.toml"
    own.write_text((Path(align.__file__).parent / "policies" / f"{DEFAULT}.toml").read_text())
    with pytest.raises(UncalibratedModelError, match="made with GelombangDlib"):
        SelfiePolicy.default(Settings(selfie=SelfieSettings(model="ArcFace", policy_file=own)))
