"""Rendered cards in selfies, looked at whole: found, read, compared with the number that was given; and in a wave."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain import contracts
from pipeline.review.card_cut import cut_card
from pipeline.selfie.card.card_check import CardReading, compared, read_card
from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.card.card_portrait import cut_portrait
from pipeline.selfie.card.ctc import likeliest_way
from pipeline.selfie.card.number_line import number_line
from pipeline.selfie.decode import decode
from pipeline.simulate.photos import face_sources
from pipeline.simulate.photos.cards.card_selfie import Shown, backdrop, card_selfie, small_portrait
from pipeline.simulate.photos.cards.card_variety import LEARNT
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.selfie_rounds import first_round, verify_part
from tests.spec.world import wave
from tests.unit import review_factory
from tests.unit.test_review_page import Desk

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_reviewers")]
NUMBER = "3171234567890123"
ONE_OFF = "3171234567890128"
#: Where the card's corners are once it lies flat.
EDGES = np.array([[24.0, 24.0], [1035.0, 24.0], [1035.0, 662.0], [24.0, 662.0]])
#: The corners of a card that fills the picture.
WHOLE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
#: Renderings with a number that is well in sight; and the first of them without a card.
SEEDS = {"card": 11, "nothing": 11}


def rendered(folder: Path) -> None:
    """A selfie with a card, one without, and what is no picture."""
    person = face_sources.people(None)[0][0]
    face = face_sources.portrait(person)
    assert face is not None
    for name, seed in SEEDS.items():
        rng = np.random.default_rng(seed)
        shown: Shown = "card" if name == "card" else "nothing"
        data, _ = card_selfie(
            backdrop(face, 1080, rng), small_portrait(face), NUMBER, shown=shown, variety=LEARNT, rng=rng
        )
        (folder / f"{name}.jpg").write_bytes(data)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "cut-off.jpg").write_bytes(without_its_end((folder / "card.jpg").read_bytes()))


def without_its_end(data: bytes) -> bytes:
    """The picture with a lower edge that has colours and no contrast, and without its last bytes: in grey nothing of
    that edge is seen, so that only the reduced scale in colour can be decoded."""
    bands = np.array(Image.open(io.BytesIO(data)).convert("YCbCr"))
    edge = bands[-len(bands) // 16 :]
    edge[..., 0], edge[..., 2] = 128, 128
    edge[..., 1] = 128 + 40 * np.sin(np.arange(bands.shape[1]) / 30)
    out = io.BytesIO()
    Image.fromarray(bands, "YCbCr").save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()[:-2]


@pytest.fixture
def photos(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    return made_once("cards-in-selfies", rendered)


def seen(photos: Path, out: Path, lines: list[str], *options: str) -> list[dict]:
    """What `verify-photos` says of these lines."""
    pairs = out / "pairs.csv"
    pairs.write_text("\n".join(lines) + "\n")
    command = [
        "verify-photos",
        str(pairs),
        str(out / "out.parquet"),
        "--photos",
        str(photos),
        "--workers",
        "1",
        *options,
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return pq.read_table(out / "out.parquet").to_pylist()


def test_a_card_is_compared_with_the_number_that_was_given(photos: Path, tmp_path: Path) -> None:
    cases = [
        ("card.jpg", NUMBER, "agrees"),
        ("card.jpg", ONE_OFF, "differs"),
        ("card.jpg", "5201554402990001", "differs"),
        ("card.jpg", "", "seen"),
        ("card.jpg", "12", "seen"),
        ("nothing.jpg", NUMBER, "missing"),
        ("cut-off.jpg", NUMBER, "unreadable"),
        ("cut-off.jpg", "", "seen"),
        ("broken.jpg", NUMBER, None),
        ("gone.jpg", NUMBER, None),
    ]
    rows = seen(photos, tmp_path, ["selfie,reference,nik", *(f"{name},,{nik}" for name, nik, _ in cases)])
    assert [row["card"] for row in rows] == [state for *_, state in cases]
    assert rows[0]["card_score"] > 0.8 > 0.2 > rows[1]["card_score"]
    assert [row["card_score"] for row in rows[3:]] == [None] * 7


@pytest.mark.parametrize("mirrored", [False, True], ids=["as it is", "mirrored"])
@pytest.mark.parametrize("quarters", range(4))
def test_a_number_is_read_however_the_card_lies(photos: Path, quarters: int, mirrored: bool) -> None:
    data = (photos / "card.jpg").read_bytes()
    small, large = decode(data, 10**7, 640).pixels, decode(data, 10**7, 1440, grey=True).pixels[..., 0]
    if mirrored:
        small, large = small[:, ::-1], large[:, ::-1]
    seen = np.ascontiguousarray(np.rot90(small, quarters))
    reading = read_card(seen, lambda: np.rot90(large, quarters))
    assert compared(reading, NUMBER).state == "agrees"


def test_both_readers_see_the_number(photos: Path) -> None:
    data = (photos / "card.jpg").read_bytes()
    reading = read_card(decode(data, 10**7, 640).pixels, lambda: decode(data, 10**7, 1440, grey=True).pixels[..., 0])
    assert reading is not None
    for steps in (reading.first, reading.second):
        assert likeliest_way(steps) == NUMBER
        assert steps.sum(1) == pytest.approx(1, abs=1e-3)


def test_a_line_without_print_is_no_number() -> None:
    rng = np.random.default_rng(4)
    for line in (np.zeros((48, 256)), np.full((48, 256), 255), rng.integers(0, 256, (48, 256))):
        result = compared(CardReading(WHOLE, line.astype(np.uint8)), NUMBER)
        assert result.state == "unreadable"
        assert result.score is not None


@given(
    corners=arrays(np.float64, (4, 2), elements=st.floats(-2, 3) | st.floats(-1e6, 1e6)),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
@example(corners=np.array([[-60.0, 0.0], [1.0, 0.0], [1.0, 90.0], [-60.0, 90.0]]), size=(300, 300))
def test_a_card_that_lies_anywhere_is_cut_out(corners: np.ndarray, size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, np.uint8)
    assert number_line(picture[..., 0], corners * picture.shape[1::-1]).shape == (48, 256)
    assert cut_portrait(picture, corners).shape == (312, 222, 3)


def test_a_picture_of_any_shape_is_looked_at() -> None:
    for shape in ((1, 1), (2000, 5), (5, 2000), (40, 30)):
        assert find_card(np.full((*shape, 3), 90, np.uint8)) is None


def test_a_reviewer_sees_the_card_laid_flat(photos: Path) -> None:
    flat = cut_card(photos, "card.jpg")
    assert flat is not None
    line = number_line(decode(flat, 10**7, None, grey=True).pixels[..., 0], EDGES)
    assert compared(CardReading(WHOLE, line), NUMBER).state == "agrees"
    assert [cut_card(photos, name) for name in ("nothing.jpg", "broken.jpg", "gone.jpg", None)] == [None] * 4


def test_the_page_of_a_case_shows_the_card_where_there_is_one(photos: Path, tmp_path: Path) -> None:
    cards: dict[str, dict[str, Any]] = {
        "R1": {"card": "differs"},
        "R2": {"card": "agrees", "card_face": 0.951},
        "R3": {"card": "missing"},
    }
    store, reviewed = review_factory.make(tmp_path, **cards)
    for name in ("R1", "R3"):
        (store.landing(reviewed, "selfies") / f"{name}.jpg").write_bytes((photos / "card.jpg").read_bytes())
    desk = Desk(store, reviewed, "Kartika")
    assert [f'src="/photo/{n}/card"' in desk.page(n) for n in (1, 2, 3)] == [True, False, False]
    answers = [desk.client.get(f"/photo/{n}/card") for n in (1, 2, 3)]
    assert ["0.951" in desk.page(n) for n in (1, 2, 3)] == [False, True, False]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert Image.open(io.BytesIO(answers[0].content)).size == (1059, 686)


def test_without_a_column_nik_a_card_is_seen_and_without_an_option_none_is_looked_for(
    photos: Path, tmp_path: Path
) -> None:
    lines = ["selfie,reference", "card.jpg,card.jpg", "nothing.jpg,"]
    assert [row["card"] for row in seen(photos, tmp_path, lines)] == ["seen", "missing"]
    assert [row["card"] for row in seen(photos, tmp_path, lines, "--no-card")] == [None, None]


@pytest.mark.parametrize("card", ["check", "off"])
def test_a_wave_sends_a_card_with_another_number_to_a_person(photos: Path, tmp_path: Path, card: str) -> None:
    run = Plan(Store.at(tmp_path), wave(3, seed="s", card=card, same_person="off"), {}, None, wave(3).closes)
    for folder in (run.store.landing(run.wave, "selfies"), run.store.extract("photos")):
        folder.mkdir(parents=True)
        for path in photos.glob("*.jpg"):
            (folder / path.name).write_bytes(path.read_bytes())
    people = {"R1": (NUMBER, "card.jpg"), "R2": (ONE_OFF, "card.jpg"), "R3": (NUMBER, "nothing.jpg")}
    for name, schema in (("screened", contracts.SCREENED), ("drawn", contracts.DRAWN)):
        rows = [
            {"registration_id": id_, "nik": nik, "selfie": selfie, "reference": selfie, "to_verify": True}
            for id_, (nik, selfie) in people.items()
        ]
        table = pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema)
        write_table(table, run.work / f"{name}.parquet", schema)
    [(shard, pairs)] = first_round(run)
    verify_part(run, read_table(shard), tmp_path / "verdicts.parquet", "verify")
    rows = read_table(tmp_path / "verdicts.parquet").to_pylist()
    assert pairs == 3
    found = [(row["outcome"], row["reasons"], [w for w in row["warnings"] if "card" in w], row["card"]) for row in rows]
    expected: list[Any] = (
        [
            ("passed", [], [], "agrees"),
            ("review", ["card_differs"], [], "differs"),
            ("passed", [], ["card_missing"], "missing"),
        ]
        if card == "check"
        else [("passed", [], [], None)] * 3
    )
    assert found == expected
