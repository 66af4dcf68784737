"""The portrait on a card as a third photograph: real faces, blended, so that selfie and register are a close call."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.settings import settings
from pipeline.selfie.card.card_portrait import Three, farther_of_two
from pipeline.selfie.decode import decode
from pipeline.selfie.described_face import Described
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.measure import Measurer, Roots
from pipeline.selfie.policy import SelfiePolicy, judge
from pipeline.selfie.recogniser import DEFAULT, recogniser
from pipeline.selfie.verdict import Measurement, PhotoPair
from pipeline.simulate.photos import canvas, face_sources
from pipeline.simulate.photos.cards.card_selfie import backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.storage.files import read_table

pytestmark = pytest.mark.slow
NUMBER, ONE_OFF = "3171234567890123", "3171234567890128"
#: How much of the selfie's person is in the register's photograph: as much as makes the pair a doubt.
IN_REGISTER = 0.44
#: And in the portrait on the card.
PORTRAITS = {"between.jpg": 0.7, "own.jpg": 1.0, "stranger.jpg": 0.0}


def blended(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Two pictures of faces whose eyes lie at the same place, as one."""
    return np.clip(share * one.astype(float) + (1 - share) * other, 0, 255).astype(np.uint8)


def rendered(folder: Path) -> None:
    """Selfies with a card, whose portraits differ, and two photographs of a register."""
    people = [face for sources in face_sources.people(None) if (face := face_sources.portrait(sources[0]))]
    one, other = people[1], people[3]
    for name, share in PORTRAITS.items():
        portrait = blended(small_portrait(one), small_portrait(other), share)
        rng = np.random.default_rng(11)
        data, _ = card_selfie(backdrop(one, 1080, rng), portrait, NUMBER, shown="card", variety=LEARNT, rng=rng)
        (folder / name).write_bytes(data)
    frames = [canvas.place(face, 480, 640, eyes=120, centre=(240, 280), turn=0.0).image for face in (one, other)]
    for name, share in (("register.jpg", IN_REGISTER), ("same.jpg", 1.0)):
        out = io.BytesIO()
        Image.fromarray(blended(frames[0], frames[1], share)).save(out, "JPEG", quality=95)
        (folder / name).write_bytes(out.getvalue())


@pytest.fixture
def photos(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    return made_once("portraits-on-cards", rendered)


def measured(photos: Path, *pairs: PhotoPair, cards: bool = True) -> list[Measurement]:
    return Measurer(recogniser(DEFAULT), settings().selfie, None, cards=cards).measure(pairs, Roots(photos, photos))


def test_a_portrait_that_is_both_faces_lifts_a_doubt_and_another_does_not(photos: Path) -> None:
    policy = SelfiePolicy.default(settings())
    found = measured(photos, *(PhotoPair(name, "register.jpg", NUMBER) for name in PORTRAITS))
    verdicts = [policy.verdict(one, reference_asked=True) for one in found]
    assert [verdict.decision for verdict in verdicts] == ["doubt"] * 3
    outcomes = [judge(verdict, policy, "explain") for verdict in verdicts]
    assert [outcome.outcome for outcome in outcomes] == ["passed", "review", "review"]
    assert ["card_face" in outcome.warnings for outcome in outcomes] == [True, False, False]
    between, own, stranger = (verdict.card_face or 0 for verdict in verdicts)
    assert between > own > stranger


def test_verify_photos_says_how_alike_the_portrait_is(photos: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"selfie,reference,nik\nbetween.jpg,register.jpg,{NUMBER}\nbetween.jpg,same.jpg,{NUMBER}\n")
    command = ["verify-photos", str(pairs), str(tmp_path / "out.parquet"), "--photos", str(photos), "--workers", "1"]
    assert CliRunner().invoke(app, command).exit_code == 0
    lifted, match = read_table(tmp_path / "out.parquet").to_pylist()
    assert (lifted["decision"], lifted["card"]) == ("doubt", "agrees")
    assert lifted["card_face"] >= (SelfiePolicy.default(settings()).card_face or 1)
    assert (match["decision"], match["card_face"]) == ("match", None)


@pytest.mark.parametrize(
    ("pair", "cards"),
    [
        pytest.param(PhotoPair("between.jpg", "same.jpg", NUMBER), True, id="no close call"),
        pytest.param(PhotoPair("between.jpg", "register.jpg", ONE_OFF), True, id="another number"),
        pytest.param(PhotoPair("between.jpg", "register.jpg", None), True, id="no number"),
        pytest.param(PhotoPair("between.jpg", None, NUMBER), True, id="no reference"),
        pytest.param(PhotoPair("between.jpg", "register.jpg", NUMBER), False, id="no card is looked for"),
    ],
)
def test_the_portrait_is_asked_only_where_it_can_settle_something(photos: Path, pair: PhotoPair, cards: bool) -> None:
    assert measured(photos, pair, cards=cards)[0].card_distance is None


def test_a_card_without_a_face_is_no_evidence(photos: Path) -> None:
    model = recogniser(DEFAULT)
    picture = decode((photos / "same.jpg").read_bytes(), 10**7, None).pixels
    mesh = find(picture).mesh
    assert mesh is not None
    face = Described((picture, mesh), model.describe([(picture, mesh)])[0])
    blank = np.full((312, 222, 3), 90, np.uint8)
    assert farther_of_two(model, [Three(face, face, lambda: blank), Three(face, face, lambda: None)]) == [None, None]
    assert farther_of_two(model, []) == []
