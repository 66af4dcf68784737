"""Names: the tables of cases/names.toml, in both directions; and what the lists of name_parts.toml must be like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.screening.name_patterns import degrees
from tests.spec.tables import Case, cases, expected, judge


@pytest.mark.parametrize("case", cases("names"), ids=str)
def test_names(case: Case, tmp_path: Path):
    exchanged = ({**row, "name": row["registered name"], "registered name": row["name"]} for row in case.rows)
    for cells, found in judge(tmp_path, replace(case, rows=(*case.rows, *exchanged))):
        assert found["reasons"] == expected(cells, "reasons"), cells
        if "warnings" in cells:
            assert found["warnings"] == expected(cells, "warnings"), cells


@pytest.mark.parametrize("kind", degrees())
def test_every_degree_of_the_list_goes_where_it_may(kind: str, tmp_path: Path):
    """Behind a comma each one goes, however written; without comma and dots only what nobody bears as a name."""
    rows = []
    for degree in degrees()[kind]:
        for written in {degree, degree.replace(".", ""), degree.replace(".", " "), degree.upper().replace(".", ". ")}:
            rows.append({"name": f"AGUS SALIM, {written}.", "reasons": ""})
        if "." in degree:
            rows.append({"name": f"AGUS SALIM {degree}", "reasons": ""})
        alone = "" if kind == "unmistakable" else "identity_mismatch"
        rows.append({"name": f"AGUS SALIM {degree.replace('.', '')}", "reasons": alone})
    case = Case("names", (), kind, tuple({**row, "registered name": "AGUS SALIM"} for row in rows), 1)
    for cells, found in judge(tmp_path, case):
        assert found["reasons"] == expected(cells, "reasons"), cells


@pytest.mark.parametrize("name", ["-", "", " . ", "李"])
def test_a_name_without_a_letter_agrees_with_none_however_often_it_is_sent(name: str, tmp_path: Path):
    """One such application agreed by its bytes, and of two none superseded the other: two places for one person."""
    rows = tuple({"nik": "A", "name": name, "registered name": name} for _ in range(2))
    for case_rows in (rows[:1], rows):
        root = tmp_path / str(len(case_rows))
        root.mkdir()
        for _, found in judge(root, Case("names", (), name, case_rows, 1)):
            assert found["reasons"] == ["identity_mismatch"]


def test_a_degree_is_in_the_lists_once():
    bunched = [degree.replace(".", "").upper() for kind in degrees().values() for degree in kind]
    assert not [degree for degree in bunched if bunched.count(degree) > 1]
