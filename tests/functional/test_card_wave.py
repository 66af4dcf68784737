"""A simulated wave that looks at identity cards, from its selfies to what a person must decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.reasons import CARD_CODES
from pipeline.storage.files import read_json, read_table
from tests.waves import run_wave

WAVE = 12
WISHES = ["--wave", str(WAVE), "--registrations", "250", "--population", "8000", "--quota", "14", "--workers", "1"]
Row = dict[str, Any]


def gelombang(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def out(data: Path) -> Path:
    return data / f"waves/wave-{WAVE:04d}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cards") / "data"
    gelombang("simulate", str(root), "--cards", "--seed", "4", *WISHES)
    run_wave(root, WAVE)
    return root


@pytest.fixture(scope="module")
def looked_at(data: Path) -> dict[str, tuple[list[str], Row]]:
    """What was planted in each photograph that the wave looked at, and the decision, by application."""
    truth = read_table(data / f"landing/wave-{WAVE:04d}/truth.parquet").to_pylist()
    planted = {row["registration_id"]: row["selfie_planted"] for row in truth}
    decided = read_table(out(data) / "decisions.parquet").to_pylist()
    return {row["registration_id"]: (planted[row["registration_id"]], row) for row in decided if row["selfie_verified"]}


def cards(codes: list[str]) -> list[str]:
    return [code for code in codes if code in CARD_CODES]


def test_what_was_planted_on_cards_is_found(looked_at: dict[str, tuple[list[str], Row]]) -> None:
    found = {id_: cards([*row["reasons"], *row["warnings"]]) for id_, (_, row) in looked_at.items()}
    assert found == {id_: cards(planted) for id_, (planted, _) in looked_at.items()}
    assert {code for codes in found.values() for code in codes} >= {"card_differs", "card_missing"}


def test_a_card_with_another_number_goes_to_a_person_and_a_missing_one_warns(
    looked_at: dict[str, tuple[list[str], Row]],
) -> None:
    alone = {codes[0]: row for codes, row in looked_at.values() if len(codes) == 1 and codes[0] in CARD_CODES}
    assert (alone["card_differs"]["outcome"], alone["card_differs"]["reasons"]) == ("review", ["card_differs"])
    assert "card_missing" in alone["card_missing"]["warnings"]
    assert alone["card_missing"]["reasons"] == []


def test_the_reviewer_is_given_the_card_and_the_letter_says_who_decides(
    data: Path, looked_at: dict[str, tuple[list[str], Row]]
) -> None:
    differs = next(id_ for id_, (codes, _) in looked_at.items() if codes == ["card_differs"])
    [waiting] = [
        row for row in read_table(out(data) / "review.parquet").to_pylist() if row["registration_id"] == differs
    ]
    assert (waiting["card"], waiting["reasons"]) == ("differs", ["card_differs"])
    [letter] = [
        row for row in read_table(out(data) / "notices.parquet").to_pylist() if row["registration_id"] == differs
    ]
    assert "officer" in letter["email_en"]


def test_the_simulation_says_how_many_cards_of_each_kind_it_planted(data: Path) -> None:
    told = read_json(data / f"landing/wave-{WAVE:04d}/simulated.json")
    assert set(told["cards"]) == {"right", "another", "altered", "none", "unreadable"}
    assert min(told["cards"].values()) >= 1
    assert 'card = "check"' in (data / "calendar.toml").read_text()
