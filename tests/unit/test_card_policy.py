"""What follows from the identity card in a selfie, beside what follows from the faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.domain.calendar import Calendar
from pipeline.domain.errors import BadCalendarError
from pipeline.domain.settings import settings
from pipeline.selfie.policy import SelfiePolicy, judge
from pipeline.selfie.verdict import Measurement

POLICY = SelfiePolicy.default(settings())
BANDS = {"match": 0.1, "doubt": 0.62, "mismatch": 1.0}


def verdict(band: str, card: Any, **defects: Any) -> Any:
    """The verdict on a pair in this band."""
    middle = (POLICY.match + POLICY.doubt) / 2
    found = Measurement(distance=BANDS[band], reference_seen=True, card=card, **defects)
    given = POLICY.verdict(found, reference_asked=True)
    if band == "doubt":  # wherever the calibration puts it
        given = replace(given, decision="doubt", similarity=middle, reasons=tuple(defects))
    assert given.decision == band
    return given


@pytest.mark.parametrize("card", [None, "agrees", "seen"])
@pytest.mark.parametrize("band", BANDS)
def test_a_card_that_agrees_or_was_not_looked_for_changes_nothing(band: str, card: str | None) -> None:
    assert judge(verdict(band, card), POLICY, "explain") == judge(verdict(band, None), POLICY, "explain")


@pytest.mark.parametrize(
    ("band", "card", "outcome", "reasons", "warnings"),
    [
        ("match", "differs", "review", ("card_differs",), ()),
        ("match", "unreadable", "passed", (), ("card_unreadable",)),
        ("match", "missing", "passed", (), ("card_missing",)),
        ("doubt", "differs", "review", ("card_differs",), ()),
        ("doubt", "missing", "review", (), ("card_missing",)),
        ("mismatch", "differs", "rejected", ("face_mismatch",), ("card_differs",)),
        ("mismatch", "missing", "rejected", ("face_mismatch",), ("card_missing",)),
    ],
)
@pytest.mark.parametrize("mode", ["explain", "strict"])
def test_a_card_sends_to_a_person_or_warns(band, card, outcome, reasons, warnings, mode) -> None:
    found = judge(verdict(band, card), POLICY, mode)
    assert (found.outcome, found.reasons, found.warnings) == (outcome, reasons, warnings)


@pytest.mark.parametrize("code", ["card_differs", "card_unreadable", "card_missing"])
@pytest.mark.parametrize("band", ["match", "doubt"])
def test_a_strict_wave_may_name_what_a_card_says(code: str, band: str) -> None:
    strict = POLICY.model_copy(update={"strict": (code,)})
    given = verdict(band, code.removeprefix("card_"))
    assert judge(given, strict, "strict").reasons == (code,)
    assert judge(given, strict, "strict").outcome == "rejected"
    assert judge(given, strict, "explain").outcome != "rejected"


def test_a_defect_is_still_noted_beside_a_card_that_differs() -> None:
    found = judge(verdict("match", "differs", hat=1.0), POLICY, "explain")
    assert (found.outcome, found.reasons, found.warnings) == ("review", ("card_differs",), ("hat",))


def test_strict_names_defects_and_cards_only() -> None:
    with pytest.raises(ValidationError, match="strict may name only"):
        SelfiePolicy.model_validate({**POLICY.model_dump(), "strict": ["face_mismatch"]})


def with_portrait(alike: float | None, *, band: str = "doubt", card: str = "agrees", **defects: Any) -> Any:
    """The verdict on a pair whose card's portrait is this like both faces."""
    return replace(verdict(band, card, **defects), card_face=alike)


POINT = POLICY.card_face or 0.0


@pytest.mark.parametrize("mode", ["explain", "strict"])
@pytest.mark.parametrize(("alike", "outcome"), [(None, "review"), (POINT - 0.001, "review"), (POINT, "passed")])
def test_a_doubt_passes_where_the_portrait_is_surely_both_faces(alike: float | None, outcome: str, mode: Any) -> None:
    found = judge(with_portrait(alike), POLICY, mode)
    assert found.outcome == outcome
    assert found.warnings == (("card_face",) if outcome == "passed" else ())


@pytest.mark.parametrize(("band", "outcome"), [("match", "passed"), ("mismatch", "rejected")])
def test_only_a_doubt_is_lifted(band: str, outcome: str) -> None:
    found = judge(with_portrait(1.0, band=band), POLICY, "explain")
    assert (found.outcome, found.warnings) == (outcome, ())


@pytest.mark.parametrize("card", ["differs", "unreadable", "missing", "seen"])
def test_the_portrait_of_a_card_without_the_right_number_lifts_nothing(card: str) -> None:
    assert judge(with_portrait(1.0, card=card), POLICY, "explain").outcome == "review"


def test_a_policy_without_the_threshold_lifts_nothing() -> None:
    assert judge(with_portrait(1.0), POLICY.model_copy(update={"card_face": None}), "explain").outcome == "review"


def test_a_portrait_that_is_no_match_itself_lifts_nothing() -> None:
    stricter = POLICY.model_copy(update={"match": 0.99})
    assert judge(with_portrait(0.98), stricter, "explain").outcome == "review"
    assert judge(with_portrait(0.99), stricter, "explain").outcome == "passed"


def test_a_lifted_doubt_is_judged_as_a_match() -> None:
    given = with_portrait(1.0, hat=1.0, ears_hidden=1.0)
    assert judge(given, POLICY, "explain").warnings == ("ears_hidden", "hat", "card_face")
    strict = judge(given, POLICY, "strict")
    assert (strict.outcome, strict.reasons) == ("rejected", ("hat",))


WAVE = """
[[wave]]
number = 1
opens = 2020-04-11T16:00:00
closes = 2020-04-16T16:00:00
quota = 10
seed = "x"
"""


def test_a_wave_looks_at_no_card_unless_it_says_so() -> None:
    assert Calendar.parse(WAVE).wave(1).card == "off"
    assert Calendar.parse(WAVE + 'card = "check"').wave(1).card == "check"
    with pytest.raises(BadCalendarError, match="card"):
        Calendar.parse(WAVE + 'card = "always"')
