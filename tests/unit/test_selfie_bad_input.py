"""Whatever arrives as a photograph gets its reason; none stops the others, and nothing outside the folder is read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.domain.settings import settings
from pipeline.selfie.cache import VerdictFolder
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verify import PhotoPair, verify_pairs

pytestmark = pytest.mark.slow


def astronaut() -> Image.Image:
    """A face that ships inside a package of the tests."""
    from skimage import data

    return Image.fromarray(data.astronaut()).crop((60, 0, 400, 400))


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def oriented(number: int) -> bytes:
    """The picture stored as a camera stores it: turned, with the EXIF tag that says how to turn it back."""
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[number]
    image = astronaut()
    exif = Image.Exif()
    exif[0x0112] = number
    return encoded(image if stored is None else image.transpose(stored), exif=exif)


def turned(degrees: int) -> bytes:
    return encoded(astronaut().rotate(degrees, expand=True))


def five_faces() -> Image.Image:
    canvas = Image.new("RGB", (1700, 400))
    for i in range(5):
        canvas.paste(astronaut().resize((340, 400)), (340 * i, 0))
    return canvas


def transparent() -> Image.Image:
    image = astronaut().convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.linspace(120, 255, image.width).astype(np.uint8), (image.height, 1))))
    return image


def sixteen_bit() -> bytes:
    grey = np.asarray(astronaut().convert("L"), np.uint16) * 257
    return encoded(Image.fromarray(grey), "PNG")


def bomb() -> bytes:
    """20,000 × 20,000 pixels in a file of a few hundred kilobytes."""
    return encoded(Image.new("1", (20_000, 20_000)), "PNG")


#: Made when they are asked for: every test process collects this file.
GOOD: dict[str, Callable[[], bytes]] = {
    "plain.jpg": lambda: encoded(astronaut()),
    "grey.jpg": lambda: encoded(astronaut().convert("L")),
    "cmyk.jpg": lambda: encoded(astronaut().convert("CMYK")),
    "sixteen.png": lambda: sixteen_bit(),
    "transparent.png": lambda: encoded(transparent(), "PNG"),
    "palette.png": lambda: encoded(astronaut().quantize(), "PNG"),
    "animated.gif": lambda: encoded(astronaut(), "GIF", save_all=True, append_images=[Image.new("RGB", (340, 400))]),
    "animated.webp": lambda: encoded(astronaut(), "WEBP", save_all=True, append_images=[Image.new("RGB", (340, 400))]),
    "wrong-name.txt": lambda: encoded(astronaut(), "PNG"),
    **{f"exif-{n}.jpg": partial(oriented, n) for n in range(1, 9)},
}

#: A face that lies on its side, or stands on its head, in the pixels, with no word about it in the file.
TURNED: dict[str, Callable[[], bytes]] = {
    f"turned-{degrees}.jpg": partial(turned, degrees) for degrees in (90, 180, 270)
}

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpg": (lambda: b"", "selfie_unreadable"),
    "text.jpg": (lambda: b"this is no photograph", "selfie_unreadable"),
    "truncated.jpg": (lambda: encoded(astronaut())[:400], "selfie_unreadable"),
    "one.png": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "no_face"),
    "line.png": (lambda: encoded(Image.new("RGB", (3000, 1)), "PNG"), "no_face"),
    "bomb.png": (lambda: bomb(), "selfie_unreadable"),
    "script.svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "selfie_unreadable"),
    "wall.jpg": (lambda: encoded(Image.new("RGB", (480, 640), (200, 190, 180))), "no_face"),
    "noise.png": (lambda: encoded(Image.effect_noise((300, 300), 80).convert("RGB"), "PNG"), "no_face"),
    "five.jpg": (lambda: encoded(five_faces()), "several_faces"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos") / "selfies"
    root.mkdir()
    for name, content in {**GOOD, **TURNED, **{n: c for n, (c, _) in BAD.items()}}.items():
        (root / name).write_bytes(content())
    with (root / "huge.jpg").open("wb") as huge:  # 200 MB that take no room
        huge.write(GOOD["plain.jpg"]())
        huge.truncate(200_000_000)
    (root.parent / "outside.jpg").write_bytes(GOOD["plain.jpg"]())
    (root / "link.jpg").symlink_to(root.parent / "outside.jpg")
    (root / "loop.jpg").symlink_to("loop.jpg")
    (root / "folder.jpg").mkdir()
    os.mkfifo(root / "pipe.jpg")
    return root


@pytest.fixture(scope="module")
def verdicts(folder: Path):
    """Every photograph in one run, against a reference that is the same person."""
    paths = ["huge.jpg", "../outside.jpg", "link.jpg", "loop.jpg", "folder.jpg", "pipe.jpg", "gone.jpg", "", "a\0b.jpg"]
    names = [*GOOD, *TURNED, *BAD, *paths, str(folder.parent / "outside.jpg"), "x" * 5000]
    pairs = [PhotoPair(name, "plain.jpg") for name in names]
    pairs += [PhotoPair("plain.jpg", name) for name in (None, "wall.jpg", "text.jpg", "gone.jpg", "../outside.jpg")]
    found = verify_pairs(pairs, selfies=folder, photos=folder, policy=SelfiePolicy.default(settings()), workers=1)
    assert len(found) == len(pairs)
    return {(pair.selfie, pair.reference): verdict for pair, verdict in zip(pairs, found, strict=True)}


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_of_picture_is_read_and_matches_itself(verdicts, name):
    verdict = verdicts[name, "plain.jpg"]
    if name == "sixteen.png" or name == "palette.png":
        assert verdict.decision in ("match", "doubt")
    else:
        assert verdict.decision == "match"
    assert verdict.faces == 1


@pytest.mark.parametrize("name", TURNED)
def test_a_face_that_is_turned_is_turned_back_compared_and_noted_as_tilted(verdicts, name):
    verdict = verdicts[name, "plain.jpg"]
    assert verdict.decision == "match"
    assert verdict.tilted > 0.99
    assert "tilted" in verdict.reasons


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_gets_its_reason(verdicts, name):
    verdict = verdicts[name, "plain.jpg"]
    assert verdict.decision == "unusable"
    assert BAD[name][1] in verdict.reasons
    assert (verdict.similarity is None) == (
        BAD[name][1] != "several_faces"
    )  # the applicant's face is compared all the same


@pytest.mark.parametrize(
    "name", ["huge.jpg", "../outside.jpg", "link.jpg", "loop.jpg", "folder.jpg", "pipe.jpg", "a\0b.jpg"]
)
def test_nothing_outside_the_folder_and_nothing_that_is_no_file_is_read(verdicts, name):
    assert verdicts[name, "plain.jpg"].reasons == ("selfie_unreadable",)


def test_an_absolute_path_is_refused(verdicts, folder):
    assert verdicts[str(folder.parent / "outside.jpg"), "plain.jpg"].reasons == ("selfie_unreadable",)


@pytest.mark.parametrize("name", ["gone.jpg", ""])
def test_a_photograph_that_did_not_arrive_is_missing(verdicts, name):
    assert verdicts[name, "plain.jpg"].reasons == ("selfie_missing",)


@pytest.mark.parametrize("reference", [None, "wall.jpg", "text.jpg", "gone.jpg", "../outside.jpg"])
def test_a_reference_that_cannot_be_compared_is_missing(verdicts, reference):
    verdict = verdicts["plain.jpg", reference]
    assert verdict.decision is None
    assert "reference_missing" in verdict.reasons


def test_a_face_at_the_border_is_found_and_what_is_cut_off_is_unknown(folder):
    cut = astronaut().crop((0, 60, 170, 400))
    (folder / "border.jpg").write_bytes(encoded(cut))
    policy = SelfiePolicy.default(settings())
    [verdict] = verify_pairs([PhotoPair("border.jpg", "plain.jpg")], selfies=folder, photos=folder, policy=policy)
    assert verdict.decision in ("match", "doubt", "mismatch", "unusable")
    assert verdict.decision == "unusable" or verdict.ears_hidden is None


def test_what_was_measured_is_not_measured_again(folder, tmp_path):
    policy = SelfiePolicy.default(settings())
    pairs = [PhotoPair("plain.jpg", "grey.jpg"), PhotoPair("plain.jpg", "wall.jpg")]
    refused: set[str] = set()
    kept_at = VerdictFolder(tmp_path / "cache", tmp_path)

    def run():
        return verify_pairs(pairs, selfies=folder, photos=folder, policy=policy, cache=kept_at, refused=refused)

    first = run()
    size = sum(p.stat().st_size for p in (tmp_path / "cache").glob("*"))
    with next(iter((tmp_path / "cache").glob("*"))).open("ab") as file:
        file.write(b'{"key": "cut off by a ki')
    assert run() == first
    assert sum(p.stat().st_size for p in (tmp_path / "cache").glob("*")) == size + 24
    kept = "".join(p.read_text() for p in (tmp_path / "cache").glob("*"))
    assert "embedding" not in kept
    assert refused == set()

    [file] = (tmp_path / "cache").glob("*")
    file.write_text(file.read_text().replace('"faces":1', '"faces":2', 1))
    assert run() == first
    assert refused == {f"{file.name}:0"}
