"""Rows in are rows decided and set aside, counted by another reader; the report shows them."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import csv_reader, parquet_reader, records, registrations
from pipeline.ingest.set_aside import problem_key
from pipeline.reports.figures.delivered_rows import DeliveredRows, delivered_rows
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.figures.wave_figures import figures
from pipeline.reports.language.labels import LANGUAGES, catalogue, label
from pipeline.reports.wave_report import write_report
from pipeline.storage import files
from tests.unit import wave_factory
from tests.unit.test_ingest import GOOD, NAMES, Landing

INGEST = {
    "taken_in": 90, "set_aside": 10, "repeated_ids": 2, "problems": {"blank row": 6, "registration_id repeated": 4},
    "quarantined_files": {"x.csv": "damaged"}, "files": [{"read": 60}, {"read": 40}], "reuploads": {"taken_in": 3},
}  # fmt: skip
PROBLEMS = (
    records.RAGGED, records.UNCLOSED, records.TOO_LONG,
    csv_reader.REPEATED_HEADER, csv_reader.BLANK, csv_reader.LONG_VALUE,
    parquet_reader.LONG_VALUE, registrations._NO_ID, registrations._BAD_ID, registrations._REPEATED,
)  # fmt: skip


def test_rows_and_decisions_are_accounted_for():
    found = delivered_rows(INGEST, 95)
    assert found == DeliveredRows(100, 90, {"blank_row": 6, "registration_id_repeated": 4}, 1, 2, 3, 95)
    assert found.complete


@pytest.mark.parametrize(
    ("changed", "decided"),
    [({}, 94), ({"taken_in": 89}, 95), ({"repeated_ids": 3}, 95), ({"problems": {"blank row": 9}}, 95)],
)
def test_a_row_or_a_decision_that_is_missing_shows(changed, decided):
    found = delivered_rows({**INGEST, **changed}, decided)
    assert found is not None
    assert not found.complete


def test_a_run_of_an_older_version_has_none():
    assert delivered_rows({"taken_in": 90, "set_aside": 10}, 90) is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_has_its_words(problem):
    assert set(catalogue()[f"problem.{problem_key(problem)}"]) == set(LANGUAGES)


def test_the_report_shows_them(tmp_path):
    made = wave_factory.wave()
    store = wave_factory.make(tmp_path, made, 500)
    files.write_json({**INGEST, "taken_in": 495}, store.work(made) / "ingest.json")
    write_funnel(store, made)
    page = write_report(store, made, figures(store, made)).read_text(encoding="utf-8")
    for language in LANGUAGES:
        assert label("rows.decided", language) in page
        assert label("problem.blank_row", language) in page


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=10)
plain = st.text("abcdefghijklmnopqrstuvwxyzÀÉñ ", min_size=1, max_size=10)
forged = st.sampled_from(["\nF" + "{s}x" * 12 + "\n", '"\nF', "x\r\nF{s}F\r\ny", "\r", '""', "{s}{s}"])
kinds = st.sampled_from(["row", "row", "row", "row", "header", "blank", "empty", "ragged", "nameless"])


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.tuples(kinds, st.one_of(plain, texts, forged)), max_size=12),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_rows_in_are_decided_or_set_aside_by_another_readers_count(
    lines, quoting, end, separator, encoding, tmp_path_factory
):
    """Python's csv module counts the records; ingest takes in those it should, and none that stands inside a value."""
    rows: list[list[str]] = [[*NAMES], [{**GOOD, "registration_id": "R"}[name] for name in NAMES]]
    expected: Counter[str] = Counter(row=1)
    for number, (kind, value) in enumerate(lines):
        if kind == "blank" and separator == "\t":
            kind = "empty"  # a line of white space is no row
        value = value.replace("{s}", separator).replace("\x00", "")
        row = [{**GOOD, "registration_id": f"R{number}", "full_name": value}[name] for name in NAMES]
        made = {
            "row": row, "header": [*NAMES], "blank": [" "] * len(NAMES), "empty": [], "ragged": row[:5],
            "nameless": ["", *row[1:]],
        }[kind]  # fmt: skip
        rows.append(made)
        expected[kind] += 1
    if any("\n" in value or "\r" in value for row in rows for value in row):
        quoting = csv.QUOTE_ALL  # the writer quotes only the line ends that it uses itself
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=quoting, lineterminator=end, delimiter=separator)
    writer.writerows(rows)
    content = out.getvalue().encode(encoding, "replace")
    text = content.decode(encoding)
    oracle = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row][1:]
    landing = Landing(tmp_path_factory.mktemp("rows"))
    (landing.folder / "a.csv").write_bytes(content)
    counts, taken = landing.ingest()
    assert counts.taken_in + counts.set_aside == len(oracle)
    assert counts.taken_in == expected["row"]
    assert counts.set_aside == expected.total() - expected["row"] - expected["empty"]
    assert {row["registration_id"] for row in taken} <= {"R", *(f"R{n}" for n in range(len(lines)))}
    record = files.read_json(landing.root / "work" / "wave-0001" / "ingest.json")
    found = delivered_rows(record, counts.taken_in)
    assert found is not None
    assert found.complete
