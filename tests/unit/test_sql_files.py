"""SQL files: their first line, the two ways in which they are filled, and errors that name the file."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.storage import duckdb_sql
from pipeline.storage.sql_text import SqlText, fill, literal
from tests.query import rows

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for room in ("pipeline", "checks") for path in (ROOT / room).rglob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_first_line_says_what_goes_in_and_comes_out(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("-- In: ")
    assert " Out: " in first
    assert len(first) <= 140


def test_relations_become_sql_and_values_literals_and_comments_stay_as_they_are():
    text = "-- {rows} and $name\nSELECT '\\d{4}', $name, $given FROM {rows}"
    filled = fill(text, {"{rows}": "(SELECT\n1)", "$name": "it's $given"})
    assert filled == "-- {rows} and $name\nSELECT '\\d{4}', 'it''s $given', $given FROM (SELECT\n1)"


@pytest.mark.parametrize("value", [True, 7, "it's", date(2020, 4, 1), datetime(2020, 4, 1, 8, 30), ["a", "b'c"]])
def test_a_literal_is_read_back_as_the_value(value):
    assert rows(f"SELECT {literal(value)}") == [(value,)]


def test_an_error_names_the_file_of_the_sql(tmp_path):
    with duckdb_sql.connect(tmp_path) as db:
        with pytest.raises(duckdb.CatalogException, match=r"checks/sql/priority\.sql.*nowhere"):
            duckdb_sql.run(db, "checks", "sql/priority", {"{source}": "nowhere", "{well_formed}": "true"})
        with pytest.raises(duckdb.ParserException, match=r"room/sql/bad\.sql"):
            duckdb_sql.copy(db, SqlText.of("SELEKT 1", "room/sql/bad.sql"), tmp_path / "out.parquet")
