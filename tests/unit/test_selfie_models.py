"""The networks: equal to a second reading of their files, known to DeepFace. A recogniser has thresholds of its own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.domain.errors import BadSettingError, ChangedModelError, MissingModelError, UncalibratedModelError
from pipeline.domain.settings import SelfieSettings, Settings, settings
from pipeline.selfie import align
from pipeline.selfie.decode import decode
from pipeline.selfie.defects import features
from pipeline.selfie.detection import detector, mesh
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.networks import efficientnet, resnet, sface, tflite
from pipeline.selfie.networks.assets import DLIB_PACKAGE, SFACE_PACKAGE, packaged_file
from pipeline.selfie.networks.onnx_weights import float_network
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, Face, recogniser
from tests import second_reading
from tests.effort import THOROUGH
from tests.faces import FACES

pytestmark = pytest.mark.slow

COUNT = 200
#: So many for the networks that do not compare people; all of them with `make test-all`.
FEWER = COUNT if THOROUGH else 50


@pytest.fixture(scope="module")
def faces() -> list[Face]:
    """Real faces where the folder is there, else noisy copies of the face that a package ships."""
    found: list[Face] = []
    for path in sorted(FACES.glob("lfw/*_1.jpg"))[: COUNT + 20]:
        pixels = decode(path.read_bytes(), 10**8, 640).pixels
        points = find(pixels).mesh
        if points is not None and len(found) < COUNT:
            found.append((pixels, points))
    if found:
        return found
    from skimage import data

    picture = data.astronaut()
    points = find(picture).mesh
    assert points is not None
    noise = np.random.default_rng(1)
    for _ in range(COUNT):
        rough = picture.astype(np.int16) + noise.normal(0, 20, picture.shape).astype(np.int16) + noise.integers(-40, 40)
        found.append((np.clip(rough, 0, 255).astype(np.uint8), points))
    return found


def chips(faces: list[Face], cut) -> np.ndarray:
    return np.stack([cut(pixels, found.points) for pixels, found in faces])


def test_sface_equals_a_second_reading_of_its_file_on_200_faces(faces):
    """onnxruntime restores the quantised weights by itself."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = onnx.load(str(packaged_file(SFACE_PACKAGE, sface.FILE)))
    del model.graph.input[1:]  # the file lists its weights there too, although they are computed
    options = runtime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # weights restored once, not for each face
    session = runtime.InferenceSession(model.SerializeToString(), options)
    mine = chips(faces, align.sface_chip)
    theirs = np.concatenate(
        [session.run(None, {"data": chip[None].transpose(0, 3, 1, 2).astype(np.float32)})[0] for chip in mine]
    )
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert len(mine) == COUNT
    assert np.abs(sface.embed(mine) - theirs).max() <= 1e-4


def test_dlib_equals_native_dlib(faces):
    dlib = pytest.importorskip("dlib")
    native = dlib.face_recognition_model_v1(str(packaged_file(DLIB_PACKAGE, resnet.FILE)))
    mine = chips(faces[:FEWER], align.match_chip)
    theirs = np.array([native.compute_face_descriptor(np.ascontiguousarray(face)) for face in mine])
    assert len(mine) == FEWER
    assert np.abs(resnet.embed(mine) - theirs).max() <= 1e-5


def apart(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, as a share of the largest number."""
    assert mine.shape == theirs.shape
    return float(np.abs(mine - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize(
    ("name", "pixels"),
    [(name, detector.PIXELS) for name in (detector.SHORT, detector.BACK, detector.FULL)] + [(mesh.NAME, mesh.PIXELS)],
)
def test_detectors_and_mesh_equal_tensorflow(faces, name, pixels):
    (mean,), scale = pixels
    network = tflite.model(name, (mean,), scale)
    size = (network.side, network.side)
    pictures = np.stack([cv2.resize(align.chip(face, found.points, 192, 0.8), size) for face, found in faces[:FEWER]])
    mine = [np.concatenate(outputs) for outputs in zip(*(network(picture) for picture in pictures), strict=True)]
    theirs = second_reading.tflite(name, (pictures.astype(np.float32) - mean) / scale)
    assert len(pictures) == FEWER
    assert max(apart(*both) for both in zip(mine, theirs, strict=True)) <= 1e-4


def test_efficientnet_equals_tensorflow(faces):
    size = (efficientnet.WIDTH, efficientnet.HEIGHT)
    pictures = [cv2.resize(features.square(*face)[:168, 18:206], size) for face in faces[:FEWER]]
    mine = [np.stack(both) for both in zip(*efficientnet.maps(pictures), strict=True)]
    theirs = second_reading.efficientnet_maps(np.stack(pictures))
    assert len(pictures) == FEWER
    assert max(apart(*both) for both in zip(mine, theirs, strict=True)) <= 1e-4


@pytest.mark.parametrize(("network", "cut"), [(sface, align.sface_chip), (resnet, align.match_chip)])
def test_a_descriptor_does_not_depend_on_its_neighbours(faces, network, cut):
    some = chips(faces[:19], cut)
    together = network.embed(some)
    alone = np.concatenate([network.embed(face[None]) for face in some])
    assert np.array_equal(together, alone)


def test_no_chip_gives_no_descriptor():
    assert sface.embed(np.empty((0, 112, 112, 3), np.uint8)).shape == (0, 128)


@pytest.mark.parametrize("content", [b"", b"not a network", bytes(range(256)) * 8])
def test_a_file_that_is_no_network_is_named(content, tmp_path):
    path = tmp_path / "file.onnx"
    path.write_bytes(content)
    with pytest.raises(MissingModelError, match=r"file\.onnx is not a network"):
        float_network(path)


@pytest.mark.parametrize(("name", "network"), [("GelombangSFace", sface), ("GelombangDlib", resnet)])
def test_deepface_knows_our_networks(faces, name, network):
    from deepface import DeepFace

    from pipeline.selfie.networks.deepface_model import register

    register()
    [(pixels, points)] = faces[:1]
    face = cv2.resize(align.sface_chip(pixels, points.points), (network.CHIP_SIDE, network.CHIP_SIDE))
    [found] = DeepFace.represent(face[..., ::-1], model_name=name, detector_backend="skip", enforce_detection=False)
    [own] = network.embed(face[None])
    assert len(found["embedding"]) == network.DESCRIPTOR
    assert np.abs(np.array(found["embedding"], np.float32) - own).max() < 0.05


def test_a_model_without_its_weights_names_the_file_and_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(MissingModelError, match="ArcFace") as caught:
        recogniser("ArcFace")
    assert "arcface_weights.h5" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(("named", "said"), [("{}", "none is known"), ('{"arcface_weights.h5": "0a"}', "not 0a")])
def test_a_model_whose_weights_nobody_named_or_that_are_others_is_refused(tmp_path, monkeypatch, named, said):
    weights = tmp_path / ".deepface" / "weights"
    weights.mkdir(parents=True)
    (weights / "arcface_weights.h5").write_bytes(b"another model")
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setenv("GELOMBANG_SELFIE__WEIGHTS_SHA256", named)
    settings.cache_clear()
    try:
        with pytest.raises(ChangedModelError, match=said):
            recogniser("ArcFace")
    finally:
        settings.cache_clear()


def test_a_name_that_is_no_model_is_refused():
    with pytest.raises(BadSettingError, match="no recogniser"):
        recogniser("Nobody")


def test_thresholds_are_never_borrowed(tmp_path):
    with pytest.raises(UncalibratedModelError, match="ArcFace"):
        SelfiePolicy.default(Settings(selfie=SelfieSettings(model="ArcFace")))
    own = tmp_path / "policy.toml"
    own.write_text((BUILT_IN / f"{DEFAULT}.toml").read_text())
    with pytest.raises(UncalibratedModelError, match=f"made with {DEFAULT}"):
        SelfiePolicy.default(Settings(selfie=SelfieSettings(model="ArcFace", policy_file=own)))
