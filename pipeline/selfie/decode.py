"""Reads one photograph from below a root and decodes it, independent of its name. Never reads outside the root.

A picture that is too large is refused by its header, before a pixel is decoded. JPEG is decoded at a reduced scale when
it is much larger than a face needs: that is most of the time a 12-megapixel photograph would cost.
"""

from __future__ import annotations

import io
import os
import stat
import unicodedata
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.domain.settings import PhotoLimits, SelfieSettings

# What some phones write as .jpg is MPO; its first frame opens as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF")
TAKEN = "JPEG, PNG, WebP and HEIC are taken"
_SIGNATURES = {b"II*\0": "TIFF", b"MM\0*": "TIFF", b"%PDF": "PDF", b"BM": "BMP", b"<svg": "SVG"}
#: More scans than any camera or editor writes: a picture of a thousand takes minutes.
_MOST_SCANS = 100
#: ``landing/wave-0001/selfies``: the folder of the deliveries.
_LANDING = "landing"
#: Of a JPEG whose end is missing, at most this share of the rows may be missing too.
_LOST_ROWS = 0.02
_ORIENTATION = 0x0112  # EXIF tag
_END_OF_IMAGE = b"\xff\xd9"


class PhotoMissingError(Exception):
    """There is no such file, or no path at all."""


class PhotoUnreadableError(Exception):
    """There is a file, and it is not a photograph that may be read; the text says why."""


@dataclass(frozen=True)
class Photo:
    """``pixels`` RGB [h, w, 3] or grey [h, w, 1], upright; ``scale`` is their size against the full picture's (1 = not
    reduced)."""

    pixels: NDArray[np.uint8]
    scale: float


def read_below(root: Path, relative: str | None, max_bytes: int) -> bytes:
    """The bytes of ``root/relative``. PhotoMissingError if there is none; PhotoUnreadableError for an absolute path,
    one that leaves the root (``..`` or a symlink), a hard link among delivered selfies (its other name is anywhere),
    anything but a regular file, an empty file, or one above ``max_bytes``."""
    if not relative or not relative.strip():
        raise PhotoMissingError("no path")
    try:
        base = root.resolve()
        path = _as_stored(base, relative).resolve()
        if leads_out(relative) or not path.is_relative_to(base):
            raise PhotoUnreadableError("the path leaves the folder")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # NONBLOCK: a pipe must not hold us
    except FileNotFoundError as error:
        raise PhotoMissingError("no such file") from error
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL inside, a loop of links, no permission
        raise PhotoUnreadableError("the path cannot be opened") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):  # before it becomes a file object: a folder cannot
        os.close(descriptor)
        raise PhotoUnreadableError("not a regular file")
    if status.st_nlink > 1 and base.parent.parent.name == _LANDING:
        os.close(descriptor)
        raise PhotoUnreadableError("the file has another name too")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > max_bytes:
            raise PhotoUnreadableError("file too large")
        try:
            data = file.read(max_bytes + 1)
        except OSError as error:
            raise PhotoUnreadableError("the file cannot be read") from error
    if not data:
        raise PhotoUnreadableError("empty file")
    if len(data) > max_bytes:
        raise PhotoUnreadableError("file too large")
    return data


def leads_out(relative: str) -> bool:
    """Whether a path by itself leaves the folder that it is relative to."""
    return Path(relative).is_absolute() or ".." in Path(relative).parts


def _as_stored(base: Path, relative: str) -> Path:
    """The path as it is on disk: macOS writes é as two characters (NFD), a form sends one (NFC); it is one name.

    Each folder has a form of its own: it may come from another archive than the files in it.
    """
    if relative.isascii():
        return base / relative
    places = [base]
    for part in Path(relative).parts:
        forms = dict.fromkeys((part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD"))))
        places = [place / form for place in places for form in forms if os.path.lexists(place / form)]
    return next(iter(places), base / relative)


@cache
def _prepare_pillow() -> None:
    """Makes Pillow know every format, once: otherwise it loads a reader only when no format is given."""
    from pillow_heif import register_heif_opener

    Image.init()
    register_heif_opener()


def decode(
    data: bytes, max_pixels: int, min_side: int | None, *, max_full_pixels: int | None = None, grey: bool = False
) -> Photo:
    """The photograph in ``data``; PhotoUnreadableError if there is none. ``min_side`` allows a reduced scale at
    which the long side still has that many pixels; None decodes in full. ``max_full_pixels`` is the limit of what is
    not JPEG and so must be decoded in full before it can be reduced. ``grey``: without colours, a third faster."""
    _prepare_pillow()
    _refuse(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of bombs and odd EXIF; the limit here is ours
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                jpeg = picture.format in ("JPEG", "MPO") and picture.mode != "CMYK"
                if width * height > (max_pixels if jpeg else min(max_pixels, max_full_pixels or max_pixels)):
                    raise PhotoUnreadableError("too many pixels")
                orientation = picture.getexif().get(_ORIENTATION, 1) if picture.format != "HEIF" else 1
                pixels = _jpeg(data, picture, min_side, grey=grey) if picture.format in ("JPEG", "MPO") else None
                if pixels is None:
                    pixels = _pillow(picture, min_side)
                if grey and pixels.shape[2] == 3:
                    pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
    except PhotoUnreadableError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever they like on damaged bytes
        raise PhotoUnreadableError("not a readable picture") from error
    scale = max(pixels.shape[:2]) / max(width, height)
    return Photo(np.ascontiguousarray(_upright(pixels, orientation)), scale)


def decode_within(
    data: bytes, limits: PhotoLimits | SelfieSettings, min_side: int | None = None, *, grey: bool = False
) -> Photo:
    """``decode`` with the limits of a run or of this process; ``min_side``: another side than a face is looked for."""
    return decode(
        data, limits.max_pixels, min_side or limits.detect_side, max_full_pixels=limits.max_full_pixels, grey=grey
    )


def _refuse(data: bytes) -> None:
    """Refuses by their first bytes what is a picture of another kind, and what would take minutes."""
    kind = next((name for start, name in _SIGNATURES.items() if data.startswith(start)), None)
    if data[4:8] == b"ftyp" and b"avi" in data[8 : int.from_bytes(data[:4])]:  # avif or avis, first or among others
        kind = "AVIF"
    if kind:
        raise PhotoUnreadableError(f"{kind}: {TAKEN}")
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MOST_SCANS:
        raise PhotoUnreadableError("too many scans")


def _jpeg(data: bytes, picture: Image.Image, min_side: int | None, *, grey: bool) -> NDArray[np.uint8] | None:
    """Through libjpeg-turbo at a reduced scale; None where Pillow must look (CMYK, damaged)."""
    import simplejpeg

    if picture.mode not in ("RGB", "L"):
        return None
    width, height = picture.size
    colours = "GRAY" if grey else "RGB"
    options = {}
    if min_side is not None and max(width, height) > min_side:
        ratio = min_side / max(width, height)
        options = {
            "min_height": max(1, round(height * ratio)),
            "min_width": max(1, round(width * ratio)),
            "min_factor": 1,
        }
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace=colours, fastdct=False, **options), np.uint8)
    except ValueError:
        if data.rstrip(b"\0").endswith(_END_OF_IMAGE):
            return None  # nothing is missing at its end: it is damaged inside
    try:
        whole = data + _END_OF_IMAGE
        pixels = simplejpeg.decode_jpeg(whole, colorspace=colours, fastdct=False, strict=False, **options)
    except ValueError:
        return None
    return np.asarray(pixels, np.uint8) if _lost_rows(pixels) <= _LOST_ROWS else None


def _lost_rows(pixels: NDArray[np.uint8]) -> float:
    """The share of rows at the lower edge that are of one colour: the decoder fills so what a file does not have."""
    varied = np.flatnonzero((pixels != pixels[:, :1]).any(axis=(1, 2)))
    return 1 - (int(varied[-1]) + 1 if len(varied) else 0) / len(pixels)


def _pillow(picture: Image.Image, min_side: int | None) -> NDArray[np.uint8]:
    if picture.mode.startswith("I;16") or picture.mode == "I":  # 16 bits a pixel: Pillow would clip, not scale
        return np.repeat((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if min_side is not None and picture.format in ("JPEG", "MPO"):
        picture.draft("RGB" if picture.mode != "CMYK" else "CMYK", (min_side, min_side))
    if "A" in picture.getbands() or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        if min_side is not None and max(rgba.size) >= 2 * min_side:
            rgba = rgba.reduce(max(rgba.size) // min_side)  # before a second picture of that size is made
        canvas = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        canvas.alpha_composite(rgba)
        picture = canvas
    pixels = np.asarray(picture.convert("RGB"), np.uint8)
    long_side = max(pixels.shape[:2])
    if min_side is not None and long_side >= 2 * min_side:
        factor = long_side // min_side
        size = max(1, pixels.shape[1] // factor), max(1, pixels.shape[0] // factor)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns the eight EXIF orientations upright; anything else is taken as upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
