"""Three small waves in one data root, and a wave taken through its stages in this process, without Airflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from typer.testing import CliRunner

from pipeline import stages
from pipeline.cli import app
from pipeline.domain.contracts import REGISTRATIONS
from pipeline.domain.run_ref import FinishedRun, PublishedWave
from pipeline.ingest.registrations import ingest_registrations
from pipeline.storage.files import write_table, write_text
from pipeline.storage.paths import Store

CALENDAR = """
[defaults]
selfie = "off"
seed_source = "fixed in a test"
[[wave]]
number = 1
opens = 2020-04-11T00:00:00
closes = 2020-04-16T16:00:00
quota = 40
seed = "one"
[[wave]]
number = 2
opens = 2020-04-20T00:00:00
closes = 2020-04-23T23:59:59
quota = 30
seed = "two"
refill = true
[[wave]]
number = 3
opens = 2020-04-27T00:00:00
closes = 2020-04-30T23:59:59
quota = 20
seed = "three"
"""


def three_waves(data: Path, people: int = 400) -> Store:
    """Wave 1 is simulated; most of its applicants come back in waves 2 and 3, as other applications."""
    simulated = ["simulate", str(data), "--wave", "1", "--registrations", str(people), "--population", "8000"]
    done = CliRunner().invoke(app, [*simulated, "--quota", "40", "--seed", "5", "--photos", "none"])
    assert done.exit_code == 0, done.output
    store = Store.at(data)
    write_text(CALENDAR, data / "calendar.toml")
    waves = [store.calendar().wave(number) for number in (1, 2, 3)]
    ingest_registrations(store, waves[0])
    first = pq.read_table(store.work(waves[0]) / "registrations.parquet").select(REGISTRATIONS.names)
    for wave in waves[1:]:
        days = (wave.opens.date() - waves[0].opens.date()).days
        again = first.slice(0, first.num_rows * 3 // 4)
        ids = pc.binary_join_element_wise(pa.scalar(f"again-{wave.number}"), again["registration_id"], "-")
        moved = pc.add(again["submitted_at"], pa.scalar(timedelta(days=days)))
        again = again.set_column(0, "registration_id", ids).set_column(1, "submitted_at", moved)
        write_table(again, store.landing(wave, "registrations") / "portal.parquet", REGISTRATIONS)
    return store


#: A wave's tasks between ``prepare`` and ``finish`` but for the mapped one, in order.
BEFORE_SELFIES = (stages.ingest, stages.check_inputs, stages.screen, stages.freeze)
AFTER_SELFIES = (stages.refill, stages.compare_people, stages.decide, stages.check_cohort, stages.report)


def run_wave(
    data: Path | str,
    wave: int,
    run: str = "test",
    between: Callable[[], None] = lambda: None,
    started_by: str | None = None,
) -> FinishedRun:
    """Takes a wave up to its approval; what ``finish`` hands on. ``between`` is called before each task."""
    ref = stages.hold_wave(str(data), wave, run, alone=True)
    between()
    ref = stages.prepare(ref, None, None, 2, started_by)
    for stage in BEFORE_SELFIES:
        between()
        ref = stage(ref)
    between()
    for shard in stages.draw(ref):
        between()
        stages.verify(shard)
    for stage in AFTER_SELFIES:
        between()
        ref = stage(ref)
    between()
    return stages.finish(ref)


def publish(
    run: FinishedRun,
    decree: str = "SK-1",
    at: str = "2020-05-02T09:00:00+07:00",
    by: str | tuple[str, ...] = "Kepala Manajemen Pelaksana",
    removing: int | None = None,
) -> PublishedWave:
    """Publishes a wave as an approver would, and gives it back."""
    try:
        return stages.publish(run, by, at, decree, removing=removing)
    finally:
        stages.release_wave(run.run)
