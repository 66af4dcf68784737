"""How many selfie tasks a wave is cut into: each loads the models anew, so none is smaller than it need be."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.selfie_rounds import first_round
from tests.spec.world import wave


@pytest.mark.parametrize(
    ("photographs", "asked", "expected"),
    [
        (60, None, [60]),
        (500, None, [500]),
        (999, None, [999]),
        (1_001, None, [501, 500]),
        (8_000, None, [1_000] * 8),  # no more than the setting
        (0, None, []),
        (10, 3, [4, 4, 2]),  # as asked
        (2, 5, [1, 1]),
    ],
)
def test_shards(photographs: int, asked: int | None, expected: list[int], tmp_path: Path) -> None:
    run = Plan(Store.at(tmp_path), wave(1), {}, asked, datetime(2020, 4, 17))
    row = dict.fromkeys(contracts.DRAWN.names) | {"tier": "public"}
    rows = [row | {"position": n, "registration_id": f"R{n:05d}", "to_verify": True} for n in range(photographs)]
    rows.append(row | {"position": photographs, "registration_id": "Z", "to_verify": False})
    files.write_table(pa.Table.from_pylist(rows, schema=contracts.DRAWN), run.work / "drawn.parquet", contracts.DRAWN)
    cut = first_round(run)
    assert [pairs for _, pairs in cut] == expected
    ids = [id_ for path, _ in cut for id_ in files.read_table(path)["registration_id"].to_pylist()]
    assert ids == [f"R{n:05d}" for n in range(photographs)]
