"""A model's file is read only if it is, byte by byte, the one that this version was measured with."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from pipeline.domain.errors import ChangedModelError, MissingModelError
from pipeline.selfie.detection import detector, mesh
from pipeline.selfie.networks import assets, digit_reader, efficientnet, resnet, sface

PACKAGED = [
    (assets.SFACE_PACKAGE, sface.FILE),
    (assets.OCR_PACKAGE, digit_reader.FILE),
    (assets.DLIB_PACKAGE, resnet.FILE),
    (assets.EFFICIENTNET_PACKAGE, efficientnet.FILE),
    *((assets.TFLITE_PACKAGE, name) for name in (detector.SHORT, detector.BACK, detector.FULL, mesh.NAME)),
]


def changed(source: Path, target: Path, at: int) -> Path:
    """A copy with one bit of one byte turned."""
    content = bytearray(source.read_bytes())
    content[at] ^= 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a package that carries one file."""

    def install(name: str) -> Path:
        folder = tmp_path / "site"
        (folder / f"{name}-1.0.dist-info").mkdir(parents=True)
        (folder / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (folder / f"{name}-1.0.dist-info" / "RECORD").write_text(f"{mesh.NAME},,\n")
        monkeypatch.syspath_prepend(str(folder))
        return folder / mesh.NAME

    return install


@pytest.mark.parametrize(("package", "name"), PACKAGED, ids=[name for _, name in PACKAGED])
def test_every_file_that_is_read_is_known(package: str, name: str) -> None:
    assert assets.packaged_file(package, name).is_file()


def test_every_file_that_was_trained_here_is_known_and_no_other_is() -> None:
    known = tomllib.loads(assets.HASHES.read_text())
    assert set(known["own"]) == {path.name for path in assets.OWN_WEIGHTS.glob("*.npz")}
    assert set(known["card"]) == {path.name for path in assets.CARD_WEIGHTS.glob("*.npz")}
    assert all(assets.card_weights(name).name == name for name in known["card"])
    assert set(known["packaged"]) == {name for _, name in PACKAGED}
    for name in known["own"]:
        assert assets.own_weights(name).name == name


@pytest.mark.parametrize("at", [0, 1_000_000, -1])
def test_one_changed_bit_in_a_package_is_refused_by_name(installed, at: int) -> None:
    package = f"changed{abs(at)}"
    path = changed(assets.packaged_file(assets.TFLITE_PACKAGE, mesh.NAME), installed(package), at)
    with pytest.raises(ChangedModelError, match=f"{path}.*not 2efcb4f4"):
        assets.packaged_file(package, mesh.NAME)


def test_one_changed_bit_in_a_file_of_ours_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = changed(assets.OWN_WEIGHTS / "hat.npz", tmp_path / "hat.npz", 5000)
    monkeypatch.setattr(assets, "OWN_WEIGHTS", tmp_path)
    with pytest.raises(ChangedModelError, match=str(path)):
        assets.own_weights("hat.npz")
    with pytest.raises(MissingModelError):
        assets.own_weights("blur.npz")


def test_a_file_that_is_in_no_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(assets.OWN_WEIGHTS / "hat.npz", tmp_path / "new.npz")
    monkeypatch.setattr(assets, "OWN_WEIGHTS", tmp_path)
    with pytest.raises(ChangedModelError, match="none is known"):
        assets.own_weights("new.npz")
