"""A run's work between two tasks: what is edited, left out, put in or taken from another run stops the next task."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import stages
from pipeline.domain.errors import WorkChangedError
from pipeline.domain.run_ref import RunRef
from pipeline.storage.files import copy, read_json, read_text, write_json, write_text
from tests.waves import AFTER_SELFIES, BEFORE_SELFIES, three_waves

WORK = "work/wave-0001"


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The work and the lock of a run as they lay after each of its tasks; the rest of the root is the same in all."""
    folder = tmp_path_factory.mktemp("custody")
    data = three_waves(folder / "data", people=60).root
    for name, task in tasks(data).items():
        task()
        shutil.copytree(data / "work", folder / name)

    def root(name: str) -> Path:
        shutil.rmtree(data / "work")
        shutil.copytree(folder / name, data / "work")
        return data

    return root


def tasks(data: Path) -> dict[str, Callable[[], object]]:
    """The tasks of wave 1 by name, in order."""
    ref = RunRef(str(data), 1, "test")
    after = (stages.draw, *AFTER_SELFIES, stages.finish)
    return {
        "hold_wave": lambda: stages.hold_wave(str(data), 1, "test", alone=True),
        "prepare": lambda: stages.prepare(ref, None, None, 2),
        **{stage.__name__: lambda stage=stage: stage(ref) for stage in (*BEFORE_SELFIES, *after)},  # type: ignore[misc]
    }


def edit(path: Path, column: str, value: str) -> None:
    """Another value in the first row of a table, as somebody with the right to write does it."""
    table = pq.read_table(path)
    changed = pa.array([value, *table[column].to_pylist()[1:]], table.schema.field(column).type)
    pq.write_table(table.set_column(table.schema.names.index(column), column, changed), path)


def of_another_run(work: Path) -> None:
    """Tables and statements of another seed, each in order in itself."""
    data = work.parents[1]
    kept = shutil.copytree(work, data.parent / "kept")
    stages.prepare(RunRef(str(data), 1, "test"), 39, None, 2)
    plan = read_text(work / "plan.json")
    shutil.rmtree(work)
    shutil.copytree(kept, work)
    write_text(plan, work / "plan.json")


def without_a_file_in_its_statement(work: Path) -> None:
    said = json.loads((work / "custody" / "screen.json").read_text())
    said["files"].pop("screened.parquet")
    write_json(said, work / "custody" / "screen.json")
    edit(work / "screened.parquet", "registration_id", "another")


NIK = "3171010101900001"
#: After which task, what somebody does to the work, and what is named.
EDITS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a quota": ("prepare", lambda w: write_json({**read_json(w / "plan.json"), "shards": 9}, w / "plan.json"), "prep"),
    "an application": ("ingest", lambda w: edit(w / "registrations.parquet", "registration_id", "x"), "registrations"),
    "a NIK": ("screen", lambda w: edit(w / "registrations.parquet", "nik", NIK), "registrations.parquet"),
    "a list": ("freeze", lambda w: edit(w / "screened.parquet", "registration_id", "x"), "screened.parquet"),
    "a draw": ("draw", lambda w: edit(w / "drawn.parquet", "registration_id", "x"), "drawn.parquet"),
    "a cohort": ("decide", lambda w: edit(w / "out" / "cohort.parquet", "nik", NIK), "out/cohort.parquet"),
    "a table away": ("screen", lambda w: (w / "screened.parquet").unlink(), "screened.parquet"),
    "verdicts put in": ("compare_people", lambda w: copy(w / "drawn.parquet", w / "verdicts" / "x.parquet"), "x.par"),
    "a statement away": ("screen", lambda w: (w / "custody" / "screen.json").unlink(), "screen left"),
    "a statement shorter": ("screen", without_a_file_in_its_statement, "screen left"),
    "another run's work": ("screen", of_another_run, "prepare left"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_work_that_is_edited_between_two_tasks_stops_the_next(name: str, after: Callable[[str], Path]) -> None:
    task, do, named = EDITS[name]
    data = after(task)
    order = list(tasks(data))
    do(data / WORK)
    with pytest.raises(WorkChangedError, match=named):
        tasks(data)[order[order.index(task) + 1]]()


def test_a_task_and_what_follows_it_run_once_more(after: Callable[[str], Path]) -> None:
    again = list(tasks(after("finish")).items())
    for first in ("draw", "decide", "finish"):
        names = [name for name, _ in again]
        for _, task in again[names.index(first) :]:
            task()


def test_a_task_that_was_killed_after_it_wrote_runs_again(after: Callable[[str], Path]) -> None:
    data = after("decide")
    custody, cohort = data / WORK / "custody" / "decide.json", data / WORK / "out" / "cohort.parquet"
    statement = custody.read_bytes()
    custody.unlink()
    edit(cohort, "nik", "3171010101900001")
    tasks(data)["decide"]()
    assert custody.read_bytes() == statement
