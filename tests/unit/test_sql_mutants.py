"""The mutants of `python -m tools.mutation`: what is changed in a piece of SQL, and what is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutation.rule_mutants import mutants_of
from tools.mutation.sql_mutants import mutants

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("a < b", ["a <= b"]),
        ("a <> 'x < y'", ["a = 'x < y'"]),
        ("age < 18", ["age <= 18", "age < 19"]),
        ("WHERE a AND NOT b", ["WHERE NOT b", "WHERE true", "WHERE a", "WHERE a OR NOT b", "WHERE a AND  b"]),
        ("WHERE day BETWEEN a AND b", ["WHERE true"]),
        ("CREATE OR REPLACE VIEW x", []),
        ("-- a < b\nSELECT min(a)", ["-- a < b\nSELECT max(a)"]),
        ("a IS NULL", ["a IS NOT NULL"]),
        ("a IS DISTINCT FROM {b}", []),
        ("coalesce(a, $b)", ["coalesce(a)"]),
        ("count(*) FILTER (x) AS n", ["count(*)  AS n"]),
        ("CASE WHEN a THEN b END", ["CASE WHEN false THEN b END"]),
        ("OVER (PARTITION BY a ORDER BY b)", ["OVER (ORDER BY b)", "OVER (PARTITION BY a ORDER BY b DESC)"]),
        ("ORDER BY a DESC, b", ["ORDER BY  b", "ORDER BY a ASC, b", "ORDER BY a DESC"]),
    ],
)
def test_each_change(sql: str, changed: list[str]) -> None:
    found = mutants(sql)
    assert [mutant.text for mutant in found] == changed
    assert all(mutant.line == sql.count("\n") + 1 for mutant in found)


def test_of_the_rules_predicates_dates_and_the_limit_are_changed() -> None:
    text = (
        '[[rule]]\ncode = "a < b"\nfrom = 2020-11-02\nregister = true\npredicate = "age < 18"\nrecipients_per_kk = 2\n'
    )
    assert [mutant.what for mutant in mutants_of(Path("rules.toml"), text)] == [
        "from: `2020-11-02` → `2020-11-01`",
        "from: `2020-11-02` → `2020-11-03`",
        "register: `true` → `false`",
        "predicate: `<` → `<=`",
        "predicate: `18` → `19`",
        "recipients_per_kk: `2` → `3`",
    ]


def test_every_sql_file_can_be_changed() -> None:
    for path in sorted((ROOT / "pipeline").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        found = mutants(text)
        assert len({mutant.text for mutant in found} - {text}) == len(found)
