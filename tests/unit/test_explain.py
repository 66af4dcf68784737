"""`gelombang explain` tells the whole way of an application, and never a whole number, name or birth date."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.commands.person.explain import explain
from pipeline.domain import errors, reasons
from pipeline.domain.short_code import short_code
from pipeline.inspection.explanation import explain as explained
from pipeline.inspection.explanation import mask_date, mask_name, mask_number
from pipeline.storage.paths import Store
from tests.spec.world import World, kk, nik, wave

WAVE = wave(12, seed="seed", quota=2)
DOUBT = {"outcome": "rejected", "reasons": ["dark"], "decision": "doubt", "similarity": 0.51, "dark": 0.93}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each kind: accepted, refused for a photo, waiting, refused by registers, unknown, a duplicate."""
    world = World(tmp_path_factory.mktemp("explain") / "data")
    world.root.mkdir()
    for n, id_ in enumerate(["R1", "R2", "R3"], 1):
        world.apply(
            WAVE, id_, world.person(nik(n), kk=kk(n), full_name="SITI AMINAH"), kk=kk(n), full_name="Siti Aminah"
        )
    world.apply(WAVE, "R4", world.person(nik(4), kk=kk(4), occupation="KEPALA DESA"), kk=kk(4), full_name="JOKO WIDODO")
    world.enter("education", nik(4), register="emis", status="active")
    world.enter("bansos", nik(4), programme="PKH", status="active")
    world.enter("blacklist", nik(4), since=date(2021, 1, 1))
    world.apply(WAVE, "R5", nik(5), email_verified=False)
    world.apply(WAVE, "R6", "12345")
    world.apply(WAVE, "R7", nik(1), kk=kk(1), full_name="Siti Aminah", submitted_at=WAVE.opens)
    world.accepted(world.person(nik(100)), wave=2)
    world.screen(WAVE)
    drawn = world.draw(WAVE)
    first = next(iter(drawn))
    world.decide(WAVE, {first: DOUBT})
    world.finish(WAVE)
    (world.root / "ids.txt").write_text(" ".join(drawn))
    return world.root


def order(data: Path) -> list[str]:
    return (data / "ids.txt").read_text().split()


def said(capsys: pytest.CaptureFixture, data: Path, registration_id: str, language: str = "en") -> str:
    explain(12, registration_id, data=str(data), language=language)
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "250")


def test_an_accepted_application(data: Path, capsys: pytest.CaptureFixture):
    text = said(capsys, data, order(data)[1])
    for part in (
        "Position",
        "position 2 of 3 people for 2 places",
        "Rank 1 in the cohort",
        "Result: match",
        "Accepted",
    ):
        assert part.lower() in text.lower()
    assert "fails" not in text


def test_a_refused_photo_shows_its_scores_and_what_to_do(data: Path, capsys: pytest.CaptureFixture):
    text = said(capsys, data, order(data)[0])
    assert "Result: doubt; similarity 0.51" in text
    assert "Dark or shadowed: 0.93, noted from" in text
    assert "Send only the photograph again" in text


def test_the_portrait_on_the_card_is_told(data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    def with_card(store: Store, number: int, id_: str):
        found = explained(store, number, id_)
        return replace(found, photo={**(found.photo or {}), "card": "agrees", "card_face": 0.9815})

    monkeypatch.setattr("pipeline.commands.person.explain.explained", with_card)
    text = said(capsys, data, order(data)[0])
    assert "the smaller one: 0.98" in text
    assert "A doubt counts as a match from 0.969." in text
    assert "0,98" in said(capsys, data, order(data)[0], "id")


def test_the_days_of_the_registers_are_said_as_other_days_are(data: Path, capsys: pytest.CaptureFixture):
    text = said(capsys, data, "R4")
    compared = next(line for line in text.splitlines() if "Registers that were read" in line)
    assert re.search(r"Population register \(Dukcapil\): \d{1,2} [A-Z][a-z]+ 20\d\d, ", compared), compared


def test_one_who_waits(data: Path, capsys: pytest.CaptureFixture):
    text = said(capsys, data, order(data)[2])
    assert "The selfie was not looked at in this wave." in text
    assert "Reserve" in text


def test_every_rule_has_its_verdict(data: Path):
    found = explained(Store.at(data), 12, "R4")
    verdicts = {rule.code: rule.verdict for rule in found.rules}
    failed = {"identity_mismatch", "in_education", "bansos_recipient", "excluded_occupation", "blacklisted"}
    assert {code for code, verdict in verdicts.items() if verdict == "holds"} == failed
    assert verdicts["kk_limit"] == "not_asked"
    assert verdicts["deceased"] == "clear"
    fields = {field.name: field for field in found.fields or []}
    assert fields["full_name"].same is False
    assert fields["birth_date"].same is fields["kk"].same is True
    assert (fields["education"].registered, fields["bansos"].registered) == ("EMIS", "PKH")
    assert fields["blacklisted"].registered is True


def test_an_officer_reads_every_reason_that_the_letter_does_not_tell(data: Path, capsys: pytest.CaptureFixture):
    decided, _, sent = said(capsys, data, "R4").partition("What the person can do")
    for code in ("identity_mismatch", "in_education", "bansos_recipient", "excluded_occupation", "blacklisted"):
        assert code in decided
        assert reasons.message(code, "en") not in sent
    assert short_code(12, "R4") in decided
    assert short_code(12, "R4") in sent


@pytest.mark.parametrize("registration_id", ["R5", "R6"])
def test_where_no_register_can_be_asked_it_says_so(data: Path, capsys: pytest.CaptureFixture, registration_id: str):
    found = explained(Store.at(data), 12, registration_id)
    verdicts = {rule.code: rule.verdict for rule in found.rules}
    assert verdicts["under_18"] == verdicts["in_education"] == "not_asked"
    assert "cannot be looked up" in said(capsys, data, registration_id)


def test_a_duplicate_sees_how_many_there_are(data: Path):
    fields = {field.name: field for field in explained(Store.at(data), 12, "R7").fields or []}
    assert fields["same_nik"].applied == 2


def test_a_duplicate_names_the_application_that_stands(data: Path, capsys: pytest.CaptureFixture):
    assert explained(Store.at(data), 12, "R7").stands == ["R1"]
    assert "Decided about instead: application R1 of the same person." in said(capsys, data, "R7")
    assert explained(Store.at(data), 12, "R4").stands == []


def test_the_decision_comes_first_then_what_to_do_then_the_rest(data: Path, capsys: pytest.CaptureFixture):
    text = said(capsys, data, "R4")
    parts = [
        "The decision",
        "What the person can do",
        "What was compared",
        "Rules in force on",
        "The draw",
        "The selfie",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_a_program_reads_the_same_masked(data: Path, capsys: pytest.CaptureFixture):
    explain(12, "R4", data=str(data), language="en", as_json=True)
    text = capsys.readouterr().out
    told = json.loads(text)
    assert told["decision"]["outcome"] == "rejected"
    assert set(told["messages"]) == set(told["decision"]["reasons"])
    assert told["what_next"]
    assert not any(number in text for number in [nik(4), kk(4), "JOKO"])


@pytest.mark.parametrize("language", ["id", "en"])
def test_nothing_personal_is_told_whole(data: Path, capsys: pytest.CaptureFixture, language: str):
    for n in range(1, 8):
        text = said(capsys, data, f"R{n}", language)
        assert not any(number in text for number in [*map(nik, range(1, 8)), *map(kk, range(1, 8)), "12345"])
        assert not any(name in text.upper() for name in ("AMINAH", "SANTOSO", "WIDODO"))
        assert "1990-05-15" not in text


def test_both_languages_say_it(data: Path, capsys: pytest.CaptureFixture):
    assert "Yang dapat dilakukan" in said(capsys, data, "R4", "id")
    assert "What the person can do" in said(capsys, data, "R4", "en")


@pytest.mark.parametrize("gone", ["work", "extracts"])
def test_what_is_no_longer_kept_does_not_stop_the_explanation(
    gone: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    copy = shutil.copytree(data, tmp_path / "data")
    shutil.rmtree(copy / gone)
    text = said(capsys, copy, "R4")
    assert "no longer kept" in text
    assert "excluded_occupation" in text


def test_unknown_applications_and_waves_are_named_errors(data: Path):
    with pytest.raises(errors.UnknownApplicationError, match="Wave 12 has no application R99"):
        explain(12, "R99", data=str(data))
    with pytest.raises(errors.WaveNotRunError):
        explain(3, "R1", data=str(data))


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        (mask_number("3171011505900001"), "3171************"),
        (mask_number("12345"), "*****"),
        (mask_number(None), ""),
        (mask_name("Siti  AMINAH"), "S*** A*****"),
        (mask_name(None), ""),
        (mask_date(date(1990, 5, 15)), "1990-**-**"),
        (mask_date(None), ""),
    ],
)
def test_masks(masked: str, shown: str):
    assert masked == shown


def test_an_extract_that_was_delivered_anew_is_said_to_be(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    root = shutil.copytree(data, tmp_path / "data")  # a copy is younger than the run, and the same all the same
    assert "anew" not in said(capsys, root, "R4")
    [bansos] = (root / "extracts" / "bansos").glob("asof=*/*.parquet")
    table = pq.read_table(bansos, partitioning=None)
    pq.write_table(table.slice(0, 0), bansos)
    assert explained(Store.at(root), 12, "R4").redelivered == ["bansos"]
    assert "Social assistance was delivered anew after this wave was run" in said(capsys, root, "R4")
    pq.write_table(table, bansos.with_name("second.parquet"))
    assert "diserahkan ulang" in said(capsys, root, "R4", "id")
