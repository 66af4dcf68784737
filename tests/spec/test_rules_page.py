"""Every rule is written down with a table, and the page in git is the one that rulebook and tables give today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.domain.reasons import LAYERS, codes
from pipeline.screening.rulebook import Rule, all_rules, warnings
from tests.spec.tables import CASES, cases, expected

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current():
    done = subprocess.run(
        [sys.executable, "-m", "tools.rules_page", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


#: `shared_nik` refuses nobody in screening: test_shared_nik.py says what follows from it.
TABLED = [rule for rule in all_rules() if rule.code != "shared_nik"]


@pytest.mark.parametrize("rule", [*TABLED, *warnings()], ids=lambda rule: rule.code)
def test_every_rule_has_a_table_in_which_it_holds_and_one_in_which_it_does_not(rule: Rule):
    column = "reasons" if rule.layer else "warnings"
    rows = [
        row
        for layer in LAYERS
        if (CASES / f"{layer}.toml").is_file()
        for case in cases(layer)
        if rule.code in case.codes
        for row in case.rows
    ]
    assert {rule.code in expected(row, column) for row in rows if column in row} == {True, False}


def test_the_rulebook_has_every_reason_of_its_layers_once():
    assert [rule.code for rule in all_rules()] == [code for layer in LAYERS[:-1] for code in codes(layer)]
