"""The network that reads appearances: it knows what a thousand kinds of things look like, its file is read without
PyTorch, and a file that is something else is refused without running anything of it."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from pipeline.domain.errors import MissingModelError
from pipeline.selfie.networks import efficientnet
from pipeline.selfie.networks.assets import EFFICIENTNET_PACKAGE, packaged_file
from pipeline.selfie.networks.torch_file import read_tensors

pytestmark = pytest.mark.slow

data = pytest.importorskip("skimage.data")
TABBY, TIGER_CAT, EGYPTIAN_CAT, ESPRESSO, CUP = 281, 282, 285, 967, 968  # ImageNet's numbers


def kinds(picture: np.ndarray) -> np.ndarray:
    """ImageNet's kinds, the likeliest first: the head of the network, on the maps that our graph ends with."""
    tensors = read_tensors(packaged_file(EFFICIENTNET_PACKAGE, efficientnet.FILE))
    size = (efficientnet.WIDTH, efficientnet.HEIGHT)
    [(_, coarse)] = efficientnet.maps([cv2.resize(picture, size, interpolation=cv2.INTER_AREA)])
    scale = tensors["_bn1.weight"] / np.sqrt(tensors["_bn1.running_var"] + 1e-3)
    shift = tensors["_bn1.bias"] - tensors["_bn1.running_mean"] * scale
    head = np.clip(coarse @ (tensors["_conv_head.weight"][:, :, 0, 0].T * scale) + shift, 0, 6)
    return np.argsort(-(tensors["_fc.weight"] @ head.mean((0, 1)) + tensors["_fc.bias"]))


def test_it_knows_a_cat_and_a_cup_of_coffee():
    assert kinds(data.chelsea())[0] in (TABBY, TIGER_CAT, EGYPTIAN_CAT)
    assert set(kinds(data.coffee())[:2]) == {ESPRESSO, CUP}


def test_the_maps_have_the_promised_shapes():
    [(fine, coarse)] = efficientnet.maps([np.zeros((efficientnet.HEIGHT, efficientnet.WIDTH, 3), np.uint8)])
    assert fine.shape == (9, 10, 112)
    assert coarse.shape == (5, 5, 320)


@pytest.mark.parametrize("beside", range(1, 2 * efficientnet.BATCH + 1))
def test_a_picture_s_maps_do_not_depend_on_which_others_stand_beside_it(beside):
    pictures = np.random.default_rng(beside).integers(
        0, 256, (beside, efficientnet.HEIGHT, efficientnet.WIDTH, 3), np.uint8
    )
    for picture, together in zip(pictures, efficientnet.maps([*pictures]), strict=True):
        [alone] = efficientnet.maps([picture])
        assert np.array_equal(alone[0], together[0])
        assert np.array_equal(alone[1], together[1])


class Harmful:
    """What a pickle can do to whoever loads it."""

    def __reduce__(self):
        return (open, ("harm", "w"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps(1),
        pickle.dumps(Harmful()),
        pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(Harmful(), 2),
    ],
    ids=["empty", "text", "another magic", "harmful at once", "harmful later"],
)
def test_a_file_that_is_something_else_is_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file.pth"
    path.write_bytes(content)
    with pytest.raises(MissingModelError, match=r"file\.pth is not a file of PyTorch's tensors"):
        read_tensors(path)
    assert not (tmp_path / "harm").exists()


def test_a_file_cut_short_is_refused(tmp_path):
    whole = packaged_file(EFFICIENTNET_PACKAGE, efficientnet.FILE).read_bytes()
    path = tmp_path / "file.pth"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MissingModelError):
        read_tensors(path)
