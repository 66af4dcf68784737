"""Who would hold two places: by NIK and name, because the register gives some NIKs to two people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.domain.errors import SecondPlaceError
from pipeline.publication import revision
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.spec.world import nik, wave


def cohort(path: Path, number: int, *names: str | None) -> Path:
    """A cohort of people who all have one NIK."""
    row = {**dict.fromkeys(contracts.COHORT.names), "wave": number, "nik": nik(1), "tier": "public"}
    rows = [{**row, "rank": n, "registration_id": f"R{n}", "full_name": name} for n, name in enumerate(names, 1)]
    return write_table(pa.Table.from_pylist(rows, schema=contracts.COHORT), path, contracts.COHORT)


@pytest.mark.parametrize(
    ("name", "later", "refused"),
    [
        ("BUDI SANTOSO", "BUDI SANTOSO", True),
        ("BUDI SANTOSO", "H. Budi Santoso, S.E.", True),
        ("BUDI SANTOSO", "RATNA DEWI", False),
        ("BUDI SANTOSO", None, True),
        (None, "RATNA DEWI", True),
    ],
)
def test_a_place_in_a_later_wave(tmp_path: Path, name: str | None, later: str | None, refused: bool) -> None:
    store = Store.at(tmp_path)
    this = replace(wave(3), number=3)
    cohort(store.published("wave-0004") / "rev-1" / "cohort.parquet", 4, later)
    own = cohort(store.work(this) / "cohort.parquet", 3, name)
    run: Any = SimpleNamespace(store=store, wave=this, work=store.work(this))
    screened: Any = SimpleNamespace(cohort=own)
    if refused:
        with pytest.raises(SecondPlaceError, match="1 would hold a place"):
            revision._no_second_places(run, screened)
        assert (store.work(this) / "second_places.csv").read_text().count("R1") == 2
    else:
        revision._no_second_places(run, screened)
