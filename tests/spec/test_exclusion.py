"""Layer ``exclusion``: the tables of cases/exclusion.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.tables import Case, cases, expected, judge


@pytest.mark.parametrize("case", cases("exclusion"), ids=str)
def test_exclusion(case: Case, tmp_path: Path):
    for cells, found in judge(tmp_path, case):
        assert found["reasons"] == expected(cells, "reasons"), cells
        if "warnings" in cells:
            assert found["warnings"] == expected(cells, "warnings"), cells
        assert found["draw"].startswith(cells.get("draw", "")), cells
