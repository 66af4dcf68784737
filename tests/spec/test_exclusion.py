"""Layer ``exclusion``: the tables of cases/exclusion.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.tables import Case, cases, expected, judge
from tests.spec.world import World, nik, wave


@pytest.mark.parametrize("case", cases("exclusion"), ids=str)
def test_exclusion(case: Case, tmp_path: Path):
    for cells, found in judge(tmp_path, case):
        assert found["reasons"] == expected(cells, "reasons"), cells
        if "warnings" in cells:
            assert found["warnings"] == expected(cells, "warnings"), cells
        assert found["draw"].startswith(cells.get("draw", "")), cells


@pytest.mark.parametrize(
    "occupation",
    [
        "PEGAWAI NEGERI SIPIL\u00a0(PNS)", "PEGAWAI\u00a0NEGERI SIPIL", "PEGAWAI NEGERI SIPIL (PNS).",
        "\ufeffKEPALA DESA", "KEPALA DESA\u200b", "kepala\ndesa",
        "TENTARA NASIONAL INDONESIA [TNI]",
        "KEPOLISIAN-RI ( POLRI )\t", "PEGA\u200bWAI NEGERI SIPIL", "P\u00a0N\u00a0S", "TNI\u2013AD", "(PNS",
        "anggota\tpolri",
    ],
)  # fmt: skip
def test_an_office_is_one_whatever_is_between_and_behind_its_words(tmp_path: Path, occupation: str):
    world, this = World(tmp_path), wave(4)
    world.apply(this, "R1", world.person(nik(1), occupation=occupation))
    assert world.screen(this)["R1"]["reasons"] == ["excluded_occupation"]
