"""The contract of the tables: every column says what it means, and what is derived from it follows."""

from __future__ import annotations

import re

import pytest

from checks.gate import expectations
from pipeline.domain import contracts, reasons
from pipeline.domain.contracts.layout import place_of, places
from pipeline.domain.contracts.personal import kind_of
from pipeline.domain.settings import Settings

TABLES = [*contracts.IN.values(), *contracts.OUT.values(), *contracts.WORK.values()]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_has_one_name_and_says_what_it_means(table: contracts.Table) -> None:
    names = [column.name for column in table.columns]
    assert names == table.schema.names
    assert len(set(names)) == len(names)
    for says in (table.says, *(column.says for column in table.columns)):
        assert re.fullmatch(r"[A-Z].*\.", says), says


def test_every_column_of_an_extract_that_is_filled_or_closed_is_judged() -> None:
    judged = {(row["table"], row["metric"]) for row in expectations()}
    for name, table in contracts.EXTRACTS.items():
        for column in table.columns:
            assert not column.filled or (name, f"null_share_{column.name}") in judged
            assert not column.allowed or (name, f"unknown_{column.name}_share") in judged


def test_the_columns_that_a_delivery_must_have() -> None:
    assert contracts.IN["registrations"].required == contracts.REGISTRATIONS.names
    assert contracts.IN["reviews"].required == contracts.IN["reuploads"].required == ["registration_id"]
    lacking = {name: set(t.schema.names) - set(t.required) for name, t in contracts.EXTRACTS.items()}
    assert {name: columns for name, columns in lacking.items() if columns} == {"population": {"regency_code"}}


def test_values_of_the_catalogue_are_the_contracts() -> None:
    decisions = contracts.OUT["decisions.parquet"]
    assert decisions.column("layer").allowed == reasons.LAYERS
    assert decisions.column("retry").allowed == reasons.RETRIES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_of_every_column_somebody_said_which_personal_data_it_is(table: contracts.Table) -> None:
    unknown = []
    for column in table.columns:
        try:
            kind_of(table, column)
        except KeyError:
            unknown.append(column.name)
    assert unknown == [], "name them in pipeline/domain/contracts/personal.toml"


@pytest.mark.parametrize(
    ("key", "whose", "reads", "about"),
    [
        ("landing/wave-0001/registrations/a.csv", "sender", "owner", "people"),
        ("landing/wave-0001/reviews/audit/decisions.jsonl", "programme", "owner", "people"),
        ("published/wave-0001/rev-2/cohort.parquet", "programme", "owner", "people"),
        ("published/wave-0001/rev-2/public/draw.json", "programme", "everybody", "nobody"),
        ("waves/wave-0001/funnel.json", "programme", "owner", "numbers"),
        ("work/wave-0001/publication/verdicts/run-shard-0001.parquet", "programme", "owner", "people"),
    ],
)
def test_whose_a_file_is_and_who_reads_it(key: str, whose: str, reads: str, about: str) -> None:
    place = place_of(key)
    assert place is not None
    assert (place.whose, place.reads, place.about) == (whose, reads, about)


@pytest.mark.parametrize("key", ["cohort.parquet", "landing/a.csv", "published/wave-0001/cohort.csv", "waves/a/b/c"])
def test_a_file_that_nobody_thought_about_is_in_no_place(key: str) -> None:
    assert place_of(key) is None


def test_every_table_is_somewhere_and_every_period_is_a_setting() -> None:
    named = {place.table for place in places()}
    printed = {"verify-photos", "compare-all"}  # written where the command says
    for direction in ("IN", "OUT"):
        assert {f"{direction} {name}" for name in getattr(contracts, direction) if name not in printed} <= named
    for place in places():
        if "." in place.kept:
            group, name = place.kept.split(".")
            assert isinstance(getattr(getattr(Settings(), group), name), int)


def test_whoever_everybody_may_read_about_is_nobody() -> None:
    assert {place.about for place in places() if place.reads == "everybody"} == {"nobody"}


def test_a_table_with_a_persons_name_or_face_lies_where_people_are() -> None:
    by_table = {place.table: place for place in places()}
    for direction in ("IN", "OUT"):
        for name, table in getattr(contracts, direction).items():
            found = {kind_of(table, column).name for column in table.columns}
            place = by_table.get(f"{direction} {name}")
            assert place is None or not found & {"identity", "contact", "biometric"} or place.about == "people"
