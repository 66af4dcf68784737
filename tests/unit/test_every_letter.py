"""Every letter that there is: each combination of things that may be told, for every outcome, checked word by word."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from pipeline.domain import contracts, reasons
from pipeline.domain.calendar import Wave
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.messages.letters import SMS_LENGTH, Letter, texts, write_letter
from pipeline.reports.messages.telling import group_of, letter_items
from tests.unit import wave_factory

#: Four digits, and dates: the longest that a number and a date can be.
WAVE, NEXT = wave_factory.wave(9998), wave_factory.wave(9999)
CODES = reasons.codes()
MEND = {"id": ("Perbaiki", "Setelah diperbaiki"), "en": ("Correct it", "Once it is corrected")}
NEW_PHOTO = {"id": "fotonya saja", "en": "Send only the photo"}
#: One of each group is enough for combinations of three: the others are told with the same words.
DIFFERENT = tuple(c for i, c in enumerate(CODES) if not group_of(c) or group_of(c) not in map(group_of, CODES[:i]))


def letters(codes: tuple[str, ...]) -> list[tuple[bool, Letter]]:
    """The refusals for some reasons: with and without a face that matched, an officer, and a wave to come."""
    ways = [(m, r, n) for m in (False, True) for r in (False, True) for n in (NEXT, None)]
    return [(m, write_letter(WAVE, "rejected", codes, n, reviewed=r, matched=m)) for m, r, n in ways]


def must_be_whole(letter: Letter) -> None:
    """Nothing is empty, unfilled, doubled or too long."""
    for text in (*letter.sms.values(), *letter.subject.values(), *letter.email.values()):
        assert text.strip() == text
        assert not re.search(r"[{}]|None|  |\. \.|\.\.|: \.|; \.|: ;|^\W", text), text
    for text in letter.sms.values():
        assert len(text) <= SMS_LENGTH, text
        assert text.isascii()
    for text in letter.email.values():
        assert len(set(text.split("\n\n"))) == len(text.split("\n\n")), text
        assert len(text.split("\n\n")) >= 3


def must_not_contradict(codes: tuple[str, ...], matched: bool, letter: Letter) -> None:
    """It names a reason, asks to mend only what can be mended, and asks for a photograph only where that is enough."""
    items = letter_items(codes, matched=matched)
    superseded = [item.name for item in items] == ["duplicate_application"]
    for language in LANGUAGES:
        whole = f"{letter.sms[language]} {letter.email[language]}"
        words = [texts()["group" if item.group else "reason"][item.name][f"sms_{language}"] for item in items]
        if superseded:
            assert {"id": "bukan penolakan", "en": "no refusal"}[language] in letter.email[language]
            assert {"id": "belum diterima", "en": "not accepted"}[language] not in whole
        else:
            assert words[0] in letter.sms[language], letter.sms[language]
        asks = any(word in whole for word in MEND[language])
        assert asks == (letter.retry == "data" and any(item.mends for item in items))
        assert (NEW_PHOTO[language] in whole) == (letter.retry == "photo")
        if letter.retry == "photo":
            assert all(reasons.catalogue()[code].layer == "selfie" for item in items for code in item.codes)
    assert (letter.until is None) or letter.retry in ("photo", "data")


@pytest.mark.parametrize("matched", [True, False])
@pytest.mark.parametrize("following", [NEXT, None])
def test_a_place_that_is_taken_back_is_said_with_what_holds_now(following: Wave | None, matched: bool) -> None:
    cases = [("reserve", ()), ("review", ()), ("rejected", ()), *(("rejected", (code,)) for code in CODES)]
    cases += [("rejected", tuple(pair)) for pair in combinations(DIFFERENT, 2)]
    for outcome, codes in cases:
        letter = write_letter(WAVE, outcome, codes, following, matched=matched, withdrawn=True)
        must_be_whole(letter)
        if "duplicate_application" in codes:  # the place is, if it is anywhere, at the other application
            assert "dicabut" not in letter.subject["id"]
            continue
        assert "DICABUT" in letter.sms["id"]
        assert "withdrawn" in letter.sms["en"]
        assert letter.email["en"].startswith("We told you before that you are accepted in wave")
        assert "You have the right to object" in letter.email["en"]
        if outcome == "reserve":
            assert "places were drawn by lot" in letter.email["en"]
        assert letter.subject["en"] == f"Your place in wave {WAVE.number} is withdrawn"
    assert write_letter(WAVE, "accepted", (), following, withdrawn=True) == write_letter(
        WAVE, "accepted", (), following
    )


@pytest.mark.parametrize("code", CODES)
def test_every_letter_of_one_and_two_reasons(code: str) -> None:
    for other in CODES[CODES.index(code) :]:
        codes = (code,) if other == code else (code, other)
        for matched, letter in letters(codes):
            must_be_whole(letter)
            must_not_contradict(codes, matched, letter)


def test_every_letter_of_three_things_that_may_be_told() -> None:
    for codes in combinations(DIFFERENT, 3):
        letter = write_letter(WAVE, "rejected", codes, NEXT)
        must_be_whole(letter)
        must_not_contradict(codes, False, letter)


@pytest.mark.parametrize("outcome", contracts.OUTCOMES)
def test_every_reason_at_once_and_none(outcome: str) -> None:
    for codes in (CODES, ()):
        for following in (NEXT, None):
            if outcome == "rejected" and not codes:
                continue
            must_be_whole(write_letter(WAVE, outcome, codes, following))
    if outcome != "rejected":
        letter = write_letter(WAVE, outcome, (), NEXT)
        assert not any("belum diterima" in text or "not accepted" in text for text in letter.sms.values())


def test_nothing_is_to_be_mended_where_the_application_only_came_late() -> None:
    letter = write_letter(WAVE, "rejected", ["outside_wave"], NEXT)
    assert "Daftar lagi 23/02-26/02/2021" in letter.sms["id"]
    assert letter.until == NEXT.closes
    assert letter.retry == "data"


@pytest.mark.parametrize("others", [(), ("bansos_recipient",), ("outside_wave", "identity_mismatch"), ("hat",)])
def test_a_replaced_application_is_not_refused_and_tells_nothing_else(others: tuple[str, ...]) -> None:
    alone = write_letter(WAVE, "rejected", ["duplicate_application"], NEXT)
    assert write_letter(WAVE, "rejected", ["duplicate_application", *others], NEXT, matched=True) == alone
    assert alone.retry == "none"
    assert "laporkan" in alone.email["id"]
