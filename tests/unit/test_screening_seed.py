"""The seed is a text that a person may type: whatever stands in it, it reaches the draw as it is."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import duckdb
import pytest

from pipeline.ingest.extracts import Extract
from pipeline.screening.screen import run_step, sources_of
from pipeline.store import Store, project_data


@pytest.mark.parametrize("seed", ["2020", "it's", "{closing_day}", "{registrations}", "{seed}'"])
def test_the_draw_of_any_seed(seed, tmp_path):
    wave = replace(Store.at(project_data()).calendar().wave(12), seed=seed)
    extracts = {name: Extract(name, wave.closing_day, (), 0) for name in ("population", "education", "bansos")}
    with duckdb.connect() as db:
        run_step(db, "macros", sources_of(tmp_path, extracts, [], wave))
        [(draw,)] = db.execute("SELECT draw_of('R1')").fetchall()
    assert draw == sha256(f"{seed}:R1".encode()).hexdigest()
