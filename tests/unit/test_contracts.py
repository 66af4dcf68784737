"""The contract of the tables: every column says what it means, and what is derived from it follows."""

from __future__ import annotations

import re

import pytest

from checks.gate import expectations
from pipeline.domain import contracts, reasons

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
    assert all(table.required == table.schema.names for table in contracts.EXTRACTS.values())


def test_values_of_the_catalogue_are_the_contracts() -> None:
    decisions = contracts.OUT["decisions.parquet"]
    assert decisions.column("layer").allowed == reasons.LAYERS
    assert decisions.column("retry").allowed == reasons.RETRIES
