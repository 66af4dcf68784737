"""The same wave gives the same bytes: any number of threads, rows and files in any order, once or twice."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from tests.spec.world import World, wave
from tests.unit.random_country import Country
from tests.unit.test_differential import earlier

WAVE = wave(12, seed="seed", quota=150, priority_share=0.5, refill=True)
#: Passed from room to room: six million rows are not sorted for a reader that sorts them itself. Whoever reads it
#: orders by id, so that nothing that is handed out depends on its order.
UNORDERED = {"screened.parquet", "candidates.parquet"}
FAIL = {"outcome": "rejected", "reasons": ["blur"], "decision": "doubt"}


def outputs(root: Path, *, shuffled: int = 0, this: Wave = WAVE) -> dict[str, bytes]:
    """Screens, draws and decides a random wave; every file that comes out, and the rows of ``UNORDERED`` files."""
    root.mkdir()
    world = World(root)
    country = Country(world, this, 5)
    country.populate(4_000)
    country.apply(4_000)
    earlier(world, sorted(country.accepted.items()))
    world.deliver(this.closing_day)
    if shuffled:
        scatter(world, shuffled)
    world.screen(this, deliver=False)
    world.decide(this, {a["registration_id"]: FAIL for a in world.applications[::4]})
    work = world.work(this)
    found = {p.relative_to(work).as_posix(): p for p in sorted(work.rglob("*")) if p.is_file()}
    return {name: rows_of(p) if name in UNORDERED else p.read_bytes() for name, p in found.items()}


def rows_of(path: Path) -> bytes:
    """The rows of a table in a total order."""
    table = pq.read_table(path).sort_by("registration_id")
    return "\n".join(map(str, table.to_pylist())).encode()


def scatter(world: World, files: int) -> None:
    """Every extract's rows in another order, cut into so many files."""
    for path in list((world.root / "extracts").rglob("*.parquet")):
        table = pq.read_table(path, partitioning=None)
        order = list(range(table.num_rows))
        random.Random(files).shuffle(order)
        for n in range(files):
            pq.write_table(table.take(order[n::files]), path.with_name(f"part-{n}.parquet"), row_group_size=700)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return outputs(tmp_path_factory.mktemp("bytes") / "data")


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads(tmp_path: Path, once: dict[str, bytes], threads: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_SCREENING__THREADS", str(threads))
    settings.cache_clear()
    try:
        assert settings().screening.threads == threads
        assert outputs(tmp_path / "data") == once
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize("files", [3])
def test_a_wave_with_a_beacon_too(tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch):
    this = replace(WAVE, seed="", beacon="demonstration")
    one = outputs(tmp_path / "one", this=this)
    monkeypatch.setenv("GELOMBANG_SCREENING__THREADS", "5")
    settings.cache_clear()
    try:
        assert outputs(tmp_path / "other", shuffled=files, this=this) == one
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert {"tickets.parquet", "beyond_kk.parquet", "out/draw.json"} <= one.keys()


@pytest.mark.parametrize("files", [1, 3])
def test_rows_and_files_of_the_registers_in_any_order(tmp_path: Path, once: dict[str, bytes], files: int):
    assert outputs(tmp_path / "data", shuffled=files) == once
