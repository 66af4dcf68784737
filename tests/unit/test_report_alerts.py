"""What a reader is warned of, case by case: each alert at its limit and just beyond."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.domain.contracts import EXTRACTS
from pipeline.reports.figures.alerts import alerts
from pipeline.reports.language.labels import LANGUAGES, label, translator
from pipeline.reports.small_cells.disclosure import Funnel, Step
from pipeline.reports.wording import alert_text
from tests.unit import wave_factory

WAVE = wave_factory.wave(quota=100)  # closes on 26 February 2021


def funnel(email: int = 750, accepted: int = 100, review: int | None = 0) -> Funnel:
    steps = [Step("email", 1000, 1000 - email, email, {}), Step("drawn", email, email - 100, 100, {})]
    return Funnel(12, 100, 1000, steps, {"accepted": accepted, "reserve": 650, "rejected": 250, "review": review})


def plan(**asof: str) -> dict[str, Any]:
    return {"extracts": {name: {"asof": asof.get(name, "2021-02-20")} for name in EXTRACTS if asof.get(name) != ""}}


def codes(f: Funnel | None = None, before: Funnel | None = None, **more: Any) -> list[str]:
    given = {"plan": plan(), "ingest": {}, "earlier_results": {}, "defects": {}, **more}
    return [alert.code for alert in alerts(WAVE, f or funnel(), before, **given)]


def test_an_ordinary_wave_has_nothing_to_say() -> None:
    assert codes(before=funnel(email=800)) == []


@pytest.mark.parametrize(("asof", "warned"), [("2021-01-27", False), ("2021-01-26", True)])
def test_an_extract_of_more_than_thirty_days(asof: str, warned: bool) -> None:
    assert codes(plan=plan(bansos=asof)) == ["extract_stale"] * warned


def test_a_value_by_hand_and_a_result_that_somebody_saw_before() -> None:
    assert codes(plan={**plan(), "given": {"seed": "mine"}}) == ["overridden"]
    assert codes(earlier_results={"results": 0, "differs": []}) == []
    assert codes(earlier_results={"results": 1, "differs": ["seed"]}) == ["another_result"]


@pytest.mark.parametrize(("lost", "told"), [(1, "places_lost_few"), (4, "places_lost_few"), (5, "places_lost")])
def test_places_that_a_newer_result_takes_away_are_told_and_few_are_not_counted(lost: int, told: str) -> None:
    [found] = alerts(
        WAVE, funnel(), None, plan=plan(), ingest={}, defects={}, earlier_results={"lost": lost, "revision": 2}
    )
    assert found.code == told
    for language in LANGUAGES:
        text = alert_text(found, translator(language))
        assert "revis" in text.lower()
        assert (str(lost) in text) is (told == "places_lost")


def test_an_optional_extract_that_was_not_delivered() -> None:
    assert codes(plan=plan(blacklist="")) == ["extract_absent"]


@pytest.mark.parametrize(("aside", "warned"), [(10, False), (11, True)])
def test_rows_set_aside(aside: int, warned: bool) -> None:
    assert codes(ingest={"set_aside": aside}) == ["set_aside"] * warned


def test_kept_verdicts_that_were_refused() -> None:
    assert codes(refused_lines=0) == []
    assert codes(refused_lines=1) == ["verdicts_refused"]


def test_files_that_nobody_read() -> None:
    assert codes(ingest={"ignored_files": []}) == []
    assert codes(ingest={"ignored_files": ["a.xlsx"]}) == ["files_ignored"]


def test_files_that_could_not_be_read_and_repeated_ids() -> None:
    assert codes(ingest={"quarantined_files": {}, "repeated_ids": 0}) == []
    assert codes(ingest={"quarantined_files": {"a.csv": "damaged"}}) == ["files_unreadable"]
    assert codes(ingest={"repeated_ids": 1}) == ["ids_repeated"]


@pytest.mark.parametrize(("unreadable", "warned"), [(10, False), (11, True)])
def test_values_that_nobody_could_read(unreadable: int, warned: bool) -> None:
    assert codes(ingest={"unreadable_values": {"sex": 3, "birth_date": unreadable}}) == ["unreadable"] * warned


@pytest.mark.parametrize("what", ["reviews", "reuploads"])
def test_a_single_row_of_an_officer_or_of_a_second_chance_that_is_lost(what: str) -> None:
    assert codes(ingest={what: {"taken_in": 3, "set_aside": 0}}) == []
    assert codes(ingest={what: {"taken_in": 3, "set_aside": 1}}) == [f"{what}_set_aside"]


@pytest.mark.parametrize(("then", "warned"), [(840, False), (861, True), (640, True)])
def test_a_step_that_moved_by_ten_points(then: int, warned: bool) -> None:
    assert codes(before=funnel(email=then)) == ["moved"] * warned


@pytest.mark.parametrize(("accepted", "warned"), [(95, False), (94, True)])
def test_places_left_empty(accepted: int, warned: bool) -> None:
    assert codes(funnel(accepted=accepted)) == ["places_empty"] * warned


@pytest.mark.parametrize(("review", "warned"), [(None, False), (4, False), (5, True)])
def test_open_reviews_are_told_unless_they_are_few(review: int | None, warned: bool) -> None:
    assert codes(funnel(review=review)) == ["review_open"] * warned


def test_a_defect_that_most_photographs_have() -> None:
    assert codes(defects={"blur": 0.25, "hat": 0.26}) == ["defect_common"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alert_has_its_words(language: str) -> None:
    found = alerts(
        WAVE, funnel(email=500, accepted=50, review=9), funnel(),
        plan={**plan(bansos="2020-01-01", blacklist=""), "given": {"quota": 3}},
        ingest={"set_aside": 400, "ignored_files": ["x"], "quarantined_files": {"a.csv": "x"}, "repeated_ids": 2,
                "unreadable_values": {"sex": 99},
                "reviews": {"set_aside": 2, "unrecorded": 1, "unsigned": 1}, "reuploads": {"set_aside": 1}},
        defects={"hat": 0.5}, refused_lines=3,
        earlier_results={"results": 2, "differs": ["seed", "deliveries"]},
    )  # fmt: skip
    assert len({alert.code for alert in found}) == 18
    for alert in found:
        text = alert_text(alert, translator(language))
        assert "{" not in text
        assert "_" not in text
    assert label("extract.bansos", language) in alert_text(found[2], translator(language))
