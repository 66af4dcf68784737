"""Photographs by their bytes: what is decoded, and what is refused with which reason. No model is loaded."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pipeline.selfie.decode import PhotoUnreadableError, decode, read_below

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8))
PICTURE = NOISE.resize((600, 800), Image.Resampling.BICUBIC)


def encoded(kind: str, picture: Image.Image = PICTURE, **options) -> bytes:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def irot() -> bytes:
    """HEIC whose container says that it is turned by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("HEIF", PICTURE.rotate(90, expand=True), exif=exif.tobytes())


def scans(n: int) -> bytes:
    """A progressive JPEG with its last scan repeated."""
    whole = encoded("JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * n + whole[-2:]


#: Made when they are asked for: every test process collects this file.
READ: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded("JPEG"),
    "grey": lambda: encoded("JPEG", PICTURE.convert("L")),
    "cmyk": lambda: encoded("JPEG", PICTURE.convert("CMYK")),
    "progressive": lambda: encoded("JPEG", progressive=True),
    "mpo": lambda: encoded("MPO", save_all=True, append_images=[PICTURE]),
    "heic": lambda: encoded("HEIF"),
    "heic turned": lambda: irot(),
    "webp": lambda: encoded("WEBP"),
    "screenshot": lambda: encoded("PNG", PICTURE.convert("RGBA")),
    "palette": lambda: encoded("PNG", PICTURE.quantize()),
    "gif": lambda: encoded("GIF"),
    "jpeg, two bytes missing": lambda: encoded("JPEG")[:-2],
    "jpeg, its last bytes missing": lambda: encoded("JPEG")[:-120],
    "jpeg, its last bytes zeros": lambda: encoded("JPEG")[:-120] + bytes(500),
    "progressive, its last bytes missing": lambda: encoded("JPEG", progressive=True)[:-200],
    "jpeg with something behind it": lambda: encoded("JPEG") + b"appended by a phone",
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_upright(name):
    photo = decode(READ[name](), 10_000_000, 400, max_full_pixels=10_000_000)
    height, width = photo.pixels.shape[:2]
    assert height > width >= 300 * 0.9
    small = np.asarray(Image.fromarray(photo.pixels).resize((30, 40)).convert("L"), float)
    assert np.corrcoef(small.ravel(), np.asarray(PICTURE.resize((30, 40)).convert("L"), float).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("name", READ)
def test_it_is_read_grey_as_it_is_in_colour(name):
    grey, colour = (
        decode(READ[name](), 10_000_000, 400, max_full_pixels=10_000_000, grey=each).pixels for each in (True, False)
    )
    assert grey.shape == (*colour.shape[:2], 1)
    assert np.abs(grey[..., 0] - colour @ [0.299, 0.587, 0.114]).max() < 12


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: encoded("TIFF"), "TIFF: JPEG, PNG, WebP and HEIC"),
        (lambda: encoded("PDF"), "PDF: JPEG, PNG, WebP and HEIC"),
        (lambda: encoded("BMP"), "BMP: JPEG"),
        (lambda: encoded("AVIF"), "AVIF: JPEG"),
        (lambda: encoded("AVIF")[:8] + b"mif1" + encoded("AVIF")[12:], "AVIF: JPEG"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG: JPEG"),
        (lambda: encoded("PNG", Image.new("RGBA", (1500, 1000))), "too many pixels"),
        (lambda: encoded("WEBP", Image.new("RGB", (1500, 1000))), "too many pixels"),
        (lambda: encoded("JPEG", Image.new("CMYK", (1500, 1000))), "too many pixels"),
        (lambda: encoded("JPEG", Image.new("RGB", (4000, 3000))), "too many pixels"),
        (lambda: scans(1000), "too many scans"),
        (lambda: encoded("JPEG")[:3000], "not a readable picture"),
        (lambda: encoded("JPEG")[: len(encoded("JPEG")) // 2], "not a readable picture"),
        (lambda: encoded("PNG")[:-5000], "not a readable picture"),
        (lambda: b"", "not a readable picture"),
    ],
)
def test_it_is_refused_with_its_reason(content, says):
    with pytest.raises(PhotoUnreadableError, match=says):
        decode(content(), 10_000_000, 400, max_full_pixels=1_000_000)


def test_only_what_cannot_be_read_reduced_has_the_smaller_limit():
    large = Image.new("RGB", (1500, 1000))
    assert decode(encoded("JPEG", large), 10_000_000, 400, max_full_pixels=1_000_000).pixels.shape == (375, 563, 3)


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["José.jpg", "Renée/wajah é.jpg", "plain.jpg"])
def test_a_name_is_one_name_in_either_form(tmp_path, stored, asked, name):
    path = tmp_path / unicodedata.normalize(stored, name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    assert read_below(tmp_path, unicodedata.normalize(asked, name), 10) == b"x"


@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_folder_and_a_file_may_have_different_forms(tmp_path, forms, asked):
    folder, name = (unicodedata.normalize(form, text) for form, text in zip(forms, ("Renée", "é.jpg"), strict=True))
    (tmp_path / folder).mkdir()
    (tmp_path / folder / name).write_bytes(b"x")
    other = tmp_path / unicodedata.normalize(forms[1], "Renée")
    other.mkdir()  # the same folder from another archive, without the file
    assert read_below(tmp_path, unicodedata.normalize(asked, "Renée/é.jpg"), 10) == b"x"


def test_of_two_forms_that_are_both_there_the_one_that_was_asked_for_is_read(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "é.jpg")).write_bytes(form.encode())
        assert read_below(tmp_path, unicodedata.normalize(form, "é.jpg"), 10) == form.encode()
