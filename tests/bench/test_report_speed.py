"""The report of a wave of six million applications: how long it takes beside a peer that only reads and groups them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.messages.notices import write_notices
from pipeline.reports.wave_report import write_report
from pipeline.storage.files import read_table
from pipeline.storage.paths import Store
from tests.unit import wave_factory

COPIES = 300  # of 20,000 applications
WAVE = wave_factory.wave(quota=180_000)


def timed(function: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def six_million(tmp_path: Path) -> Store:
    store = wave_factory.make(tmp_path, WAVE, n=20_000)
    path = store.work(WAVE) / "out" / "decisions.parquet"
    small = path.rename(path.with_name("small.parquet"))
    copied = "SELECT * REPLACE (registration_id || '-' || lpad(i::VARCHAR, 3, '0') AS registration_id)"
    query = f"{copied} FROM '{small}', range({COPIES}) AS copies(i) ORDER BY registration_id"
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    small.unlink()
    return store


def pandas_groups(path: Path) -> None:
    """The peer: what the report counts, without writing anything."""
    frame = read_table(path, ["outcome", "reasons", "tier", "sex", "age", "province_code"]).to_pandas()
    frame.groupby(["province_code", "sex", "age", "tier", "outcome"], dropna=False).size()
    frame["reasons"].explode().value_counts()


def test_six_million(tmp_path: Path) -> None:
    store = six_million(tmp_path)
    out = store.work(WAVE) / "out"
    funnel, report, notices = (timed(write, store, WAVE) for write in (write_funnel, write_report, write_notices))
    peer = timed(pandas_groups, out / "decisions.parquet")
    size = (out / "report.html").stat().st_size
    print(f"\nfunnel {funnel:.1f} s, report {report:.1f} s, {size / 1000:.0f} kB", end="; ")
    print(f"notices {notices:.1f} s; pandas {peer:.1f} s")
    assert funnel + report < peer
    assert size < 2_000_000
