"""The rulebook: when a rule is in force, in which order rules come, and what is read beside them."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.domain import reasons
from pipeline.domain.contracts import values
from pipeline.screening import rulebook
from pipeline.screening.rulebook import Rule

FIRST, LAST = date(2020, 7, 8), date(2021, 2, 23)


@pytest.mark.parametrize(
    ("day", "always", "since", "until", "between"),
    [
        (date(2020, 7, 7), True, False, True, False),
        (FIRST, True, True, True, True),
        (LAST, True, True, True, True),
        (date(2021, 2, 24), True, True, False, False),
    ],
)
def test_a_rule_is_in_force_from_its_first_day_to_its_last(
    day: date, always: bool, since: bool, until: bool, between: bool
) -> None:
    rules = [Rule("x", "true", starts=first, ends=last) for first in (None, FIRST) for last in (None, LAST)]
    assert [rule.in_force(day) for rule in rules] == [always, until, since, between]


def test_rules_come_in_the_order_of_the_catalogue_and_ask_registers_where_they_say_so() -> None:
    rules = {rule.code: rule for rule in rulebook.all_rules()}
    assert list(rules) == [code for code in reasons.codes() if code in rules]
    assert not any(rule.warns for rule in rules.values())
    assert [code for code, rule in rules.items() if rule.register][:2] == ["identity_mismatch", "deceased"]
    assert (rules["bsu_recipient"].starts, rules["bsu_recipient"].ends) == (date(2020, 11, 2), None)
    assert (rules["kk_limit"].starts, rulebook.recipients_per_kk()) == (LAST, 2)
    assert rules["deceased"].layer == "identity"
    assert rules["deceased"].source.startswith("Perpres")


def test_warnings_have_no_layer() -> None:
    assert rulebook.warning_codes() == tuple(warning.code for warning in rulebook.warnings())
    assert all(warning.warns and warning.layer == "" for warning in rulebook.warnings())
    assert set(rulebook.warning_codes()) <= set(reasons.warning_catalogue())


def test_the_words_of_registers_are_those_of_the_contract_and_of_the_rules() -> None:
    words = rulebook.words()
    assert words["citizenship"] == list(values.CITIZENSHIPS)
    assert words["education_register"] == list(values.SCHOOL_REGISTERS)
    assert words["education_status"] == list(values.SCHOOL_STATUSES)
    assert words["bansos_status"] == list(values.AID_STATUSES)
    assert "PKH" in words["bansos_programme"]
    assert "BUPATI" in rulebook.lists()["excluded_occupations"]


def test_what_a_caller_does_with_a_list_changes_no_rule() -> None:
    rulebook.lists().clear()
    rulebook.words().clear()
    assert rulebook.lists()
    assert rulebook.words()
