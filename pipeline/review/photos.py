"""A photograph as a reviewer may see it: only from below its folder, upright, without the camera's data.

The SHA-256 of the file's bytes identifies it.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from pipeline.domain.settings import settings
from pipeline.selfie.decode import PhotoMissingError, PhotoUnreadableError, decode_within, read_below

#: Long side in pixels: enough to compare two faces, and the card in the hand can still be read.
_SIDE = 1600
_QUALITY = 90


@dataclass(frozen=True)
class Shown:
    """``jpeg`` is what is served; None where nothing can be shown; ``problem`` says why."""

    sha256: str | None
    jpeg: bytes | None
    problem: Literal["missing", "unreadable"] | None


def show(root: Path, relative: str | None) -> Shown:
    """The photograph ``root/relative``. Never fails for any content, and never reads outside ``root``."""
    limits = settings().selfie
    try:
        data = read_below(root, relative, limits.max_bytes)
    except PhotoMissingError:
        return Shown(None, None, "missing")
    except PhotoUnreadableError:
        return Shown(None, None, "unreadable")
    digest = hashlib.sha256(data).hexdigest()
    try:
        picture = Image.fromarray(decode_within(data, limits, _SIDE).pixels)
    except PhotoUnreadableError:
        return Shown(digest, None, "unreadable")
    picture.thumbnail((_SIDE, _SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)  # pixels only: no EXIF, no place, no name of a phone
    return Shown(digest, out.getvalue(), None)
