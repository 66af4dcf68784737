"""One letter per application: every reason in plain words, both languages, fit for an SMS, about nobody else."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import contracts, reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from pipeline.domain.short_code import short_code
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.messages.letters import SMS_LENGTH, texts, write_letter
from pipeline.reports.messages.notices import next_wave, write_notices
from pipeline.reports.messages.paragraphs import paragraph
from pipeline.reports.messages.telling import letter_items
from pipeline.storage import spreadsheet_safety
from pipeline.storage.files import read_table, write_table
from tests.unit import wave_factory

WAVE = wave_factory.wave()
NEXT = wave_factory.wave(13)
CODES = reasons.codes()
some_codes = st.lists(st.sampled_from(CODES), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_words(code: str) -> None:
    entry = texts()["reason"][code]
    assert set(entry) == {"sms_id", "sms_en", "do_id", "do_en"}
    for language in LANGUAGES:
        assert entry[f"do_{language}"].endswith(".")
        assert entry[f"sms_{language}"].isascii()
    assert entry["do_id"] != entry["do_en"]


def test_catalogue_has_no_code_that_is_gone() -> None:
    assert set(texts()["reason"]) == set(CODES)


@given(some_codes, st.sampled_from(contracts.OUTCOMES), st.sampled_from([None, NEXT]))
def test_letters_are_filled_and_fit(codes: list[str], outcome: str, following: Wave | None) -> None:
    letter = write_letter(WAVE, outcome, codes, following)
    for text in (*letter.sms.values(), *letter.subject.values(), *letter.email.values()):
        assert "{" not in text
        assert "}" not in text
        assert "  " not in text
        assert "None" not in text
        assert text.strip() == text
    for text in letter.sms.values():
        assert len(text) <= SMS_LENGTH
        assert text.isascii()  # one GSM 03.38 message; other alphabets halve its length


@given(some_codes, st.booleans())
def test_email_gives_every_thing_that_may_be_told_and_nothing_else(codes: list[str], matched: bool) -> None:
    letter = write_letter(WAVE, "rejected", codes, NEXT, matched=matched)
    named = [item.name for item in letter_items(codes, matched=matched) if not item.group]
    if named == ["duplicate_application"]:
        return
    for language in LANGUAGES:
        for code in named:
            assert reasons.message(code, language, "rejected") in letter.email[language]
            assert texts()["reason"][code][f"do_{language}"] in letter.email[language]
        for code in set(codes) - set(named):
            assert reasons.message(code, language, "rejected") not in letter.email[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_reference_the_refused_read_that_an_officer_looked_and_what_to_do(language: str) -> None:
    letter = write_letter(WAVE, "rejected", ["reference_missing"], NEXT, reviewed=True)
    looked = {"id": "Petugas telah memeriksa", "en": "An officer looked"}[language]
    waits = {"id": ("akan memeriksa", "tidak perlu berbuat"), "en": ("will look", "need do nothing")}[language]
    assert looked in letter.email[language]
    assert {"id": "KTP", "en": "KTP"}[language] in letter.email[language]
    assert {"id": "Petugas", "en": "An officer"}[language] in letter.sms[language]
    for text in (letter.email[language], letter.sms[language]):
        assert not any(wait in text for wait in waits)
    assert letter.retry == "photo"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_is_called_automatic_only_where_no_officer_took_it(language: str) -> None:
    automatic = {"id": "secara otomatis", "en": "made automatically"}[language]
    for reviewed in (False, True):
        letter = write_letter(WAVE, "rejected", ["face_mismatch"], NEXT, reviewed=reviewed)
        assert (automatic in letter.email[language]) != reviewed
        assert {"id": "keberatan", "en": "object"}[language] in letter.email[language]


def test_family_card_letter_names_nobody() -> None:
    letter = write_letter(WAVE, "rejected", ["kk_limit"], NEXT, matched=True)
    words = set(re.findall(r"\w+", letter.email["id"].lower()))
    assert words.isdisjoint({"suami", "istri", "anak", "ayah", "ibu", "bernama"})


@pytest.mark.parametrize("defect", reasons.DEFECTS)
def test_photo_retry_says_how_and_until_when(defect: str) -> None:
    letter = write_letter(WAVE, "rejected", [defect], NEXT)
    assert letter.retry == "photo"
    assert letter.until == NEXT.closes
    assert texts()["reason"][defect]["do_id"] in letter.email["id"]
    assert "23.59 WIB" in letter.email["id"]
    assert "fotonya saja" in letter.email["id"]
    assert "26/02/2021" in letter.sms["id"]


def test_hijab_is_never_asked_off() -> None:
    for defect in ("ears_hidden", "hat"):
        assert "Hijab tidak perlu dilepas" in texts()["reason"][defect]["do_id"]


def test_written_for_every_application(tmp_path: Path) -> None:
    store = wave_factory.make(tmp_path, WAVE, n=1500)
    counts = write_notices(store, WAVE)
    out = store.work(WAVE) / "out"
    decisions, table = read_table(out / "decisions.parquet"), read_table(out / "notices.parquet")
    assert table["registration_id"].to_pylist() == sorted(decisions["registration_id"].to_pylist())
    assert sum(counts.values()) == table.num_rows == 1500
    assert table.select(["sms_id", "sms_en", "email_id", "email_en"]).to_pandas().notna().all().all()
    reasons_of = dict(zip(decisions["registration_id"].to_pylist(), decisions["reasons"].to_pylist(), strict=True))
    outcome_of = dict(zip(decisions["registration_id"].to_pylist(), decisions["outcome"].to_pylist(), strict=True))
    following = next_wave(store, WAVE)
    by_officer = dict(zip(decisions["registration_id"].to_pylist(), decisions["reviewed"].to_pylist(), strict=True))
    seen = decisions["selfie_decision"].to_pylist()
    matched = dict(zip(decisions["registration_id"].to_pylist(), [found == "match" for found in seen], strict=True))
    assert 0 < sum(by_officer.values()) < 100
    for row in table.slice(0, 300).to_pylist():
        i = row["registration_id"]
        how = {"reviewed": by_officer[i], "matched": matched[i]}
        letter = write_letter(WAVE, outcome_of[i], reasons_of[i], following, **how)
        assert row["code"] == short_code(WAVE.number, i)
        assert row["email_id"] == f"{letter.email['id']}\n\n{paragraph(WAVE, 'code', row['code'], 'id')}"
    with (out / "notices.csv").open(encoding="utf-8", newline="") as f:
        lines = list(csv.DictReader(f))
    with (out / "letters.csv").open(encoding="utf-8", newline="") as f:
        letters = {row["letter"]: row for row in csv.DictReader(f)}
    for line, row in zip(lines, table.to_pylist(), strict=True):
        assert (line["registration_id"], line["sms_id"]) == (row["registration_id"], row["sms_id"])
        assert row["email_en"].startswith(letters[line["letter"]]["email_en"])
        assert line["code"] == row["code"]
        assert line["send"] == letters[line["letter"]]["send"] == "after publication"
        assert letters[line["letter"]]["contact"] == settings().contact
    assert len({(row["outcome"], row["email_id"], row["sms_id"]) for row in letters.values()}) == len(letters)


def test_contacts_are_those_that_were_confirmed(tmp_path: Path) -> None:
    store = wave_factory.make(tmp_path, WAVE, n=6)
    ids = sorted(read_table(store.work(WAVE) / "out" / "decisions.parquet")["registration_id"].to_pylist())
    given = [
        ("+62 812-3456", True, "siti@contoh.id", True),
        ("0812 3456", True, "=siti@contoh.id", True),
        ("0812", False, "siti@contoh.id", True),
        ("0812", True, "siti@contoh.id", False),
        (None, True, None, True),
    ]
    rows: list[dict[str, object]] = [
        {"registration_id": i, "phone": p, "phone_verified": pv, "email": e, "email_verified": ev, "language": "en"}
        for i, (p, pv, e, ev) in zip(ids, given, strict=False)
    ]
    rows[1]["language"] = None
    table = pa.Table.from_pylist(rows, schema=contracts.INGESTED)
    write_table(table, store.work(WAVE) / "registrations.parquet", contracts.INGESTED)
    write_notices(store, WAVE)
    with (store.work(WAVE) / "out" / "notices.csv").open(encoding="utf-8", newline="") as f:
        found = [(row["phone"], row["email"], row["language"]) for row in csv.DictReader(f)]
    assert found == [
        ("628123456", "siti@contoh.id", "en"),
        ("628123456", "'=siti@contoh.id", "id"),
        ("", "siti@contoh.id", "en"),
        ("62812", "", "en"),
        ("", "", "en"),
        ("", "", "id"),  # the application is no longer kept
    ]


def test_same_bytes_each_time(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        store = wave_factory.make(tmp_path / name, WAVE, n=800)
        write_notices(store, WAVE)
        out = store.work(WAVE) / "out"
        written.append([(out / file).read_bytes() for file in ("notices.parquet", "notices.csv", "letters.csv")])
    assert written[0] == written[1]


def test_formula_in_an_id_is_text_in_the_csv(tmp_path: Path) -> None:
    store = wave_factory.make(tmp_path, WAVE, n=600)
    out = store.work(WAVE) / "out"
    table = read_table(out / "decisions.parquet")
    hostile = [f"{'=+-@'[i % 4]}HYPERLINK({i:04d})" for i in range(table.num_rows)]
    ids = pa.array(sorted(hostile))
    write_table(table.set_column(0, "registration_id", ids), out / "decisions.parquet", contracts.DECISIONS)
    write_notices(store, WAVE)
    with (out / "notices.csv").open(encoding="utf-8", newline="") as f:
        assert all(row["registration_id"].startswith("'") for row in csv.DictReader(f))
    assert read_table(out / "notices.parquet")["registration_id"].to_pylist() == sorted(hostile)


@given(st.text(max_size=8))
def test_guard_never_leaves_a_formula(text: str) -> None:
    assert not spreadsheet_safety.plain(text).startswith(spreadsheet_safety.STARTERS)
    assert spreadsheet_safety.plain_column(pa.array([text]))[0].as_py() == spreadsheet_safety.plain(text)
