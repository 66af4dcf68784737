"""The DAGs load, are thin, and hand nothing but paths and counts from task to task."""

import ast
import errno
import inspect
import io
import json
import os
import sys
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import stages
from pipeline.airflow_plugin import forms, local_run
from pipeline.airflow_plugin.forms import wave_of
from pipeline.airflow_plugin.hand_over import from_dict, to_dict
from pipeline.airflow_plugin.local_run import dags_folder, load_dag
from pipeline.domain.errors import (
    BadQuotaError,
    BadSettingError,
    DiskFullError,
    SelfieSystemError,
    StoreError,
    WaveLockedError,
)
from pipeline.domain.run_ref import FinishedRun, RunRef, ShardRef
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import LANGUAGES
from pipeline.runtime import progress
from pipeline.runtime.progress_display import Display

ROOT = Path(__file__).resolve().parents[2]
ORDER = [
    "hold_wave", "wave_before", "prepare", "ingest", "check_inputs", "screen", "freeze",
    "await_beacon", "draw", "verify", "refill",
    "compare_people", "decide", "check_cohort", "report", "finish", "approve", "publish", "release_wave",
]  # fmt: skip


@pytest.fixture(scope="module")
def dag(tmp_path_factory):
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    return load_dag("wave_cohort")


def test_the_tasks_of_a_wave_follow_each_other(dag):
    assert [task.task_id for task in dag.topological_sort()] == ORDER


def test_every_task_says_what_it_does(dag):
    assert all(task.doc_md for task in dag.tasks)


def test_the_form_explains_and_checks_each_field(dag):
    assert set(dag.params) == {"wave", "quota", "seed", "shards", "out_of_order"}
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema["title"]
        assert param.description
    with pytest.raises(Exception, match="less than the minimum"):
        dag.params.get_param("wave").resolve(0)
    with pytest.raises(Exception, match="not of type"):
        dag.params.get_param("quota").resolve("many")


def test_the_form_has_no_wave_in_it_and_keeps_what_is_seldom_needed_apart(dag):
    assert dag.params["wave"] is None
    can_be_empty = [name for name in dag.params if "null" in dag.params.get_param(name).schema["type"]]
    assert can_be_empty == list(dag.params)  # the form marks any other with a star, as if it had to be filled in
    apart = {name for name in dag.params if dag.params.get_param(name).schema.get("section")}
    assert apart == {"seed", "shards", "out_of_order"}
    with pytest.raises(BadSettingError, match="names no wave"):
        wave_of({"wave": None})
    assert wave_of({"wave": 3}) == 3


def test_the_approval_form_says_what_it_needs(dag):
    param = dag.get_task("approve").params.get_param("decree")
    assert "wajib" in param.schema["title"]


@pytest.mark.parametrize("form", [forms.trigger, forms.approval])
def test_a_form_is_in_one_language(form):
    told = {
        language: [text for field in form(language).values() for text in (field.schema["title"], field.description)]
        for language in LANGUAGES
    }
    same = {a for a, b in zip(told["id"], told["en"], strict=True) if a == b}
    assert len(told["id"]) == 2 * len(form("en"))
    assert not same


def test_the_forms_of_the_dag_are_in_the_language_of_its_text(dag):
    assert dag.params.get_param("wave").schema["title"] == forms.trigger(settings().language)["wave"].schema["title"]
    assert dag.get_task("approve").subject.startswith("Gelombang {{")
    assert dag.get_task("approve").subject.endswith(": kohort")


def test_waves_side_by_side_take_turns_and_nothing_is_caught_up_silently(dag):
    waiting = {"wave_before", "await_beacon", "approve"}
    assert {t.task_id for t in dag.tasks if t.max_active_tis_per_dag != 1} == waiting
    assert dag.catchup is False


def test_the_wave_is_given_back_however_the_run_ends(dag):
    assert dag.get_task("hold_wave").is_setup
    assert dag.get_task("release_wave").is_teardown


def test_rejecting_skips_the_publication_alone(dag):
    assert dag.get_task("approve").downstream_task_ids == {"publish"}
    assert dag.get_task("publish").trigger_rule == "all_success"


def test_a_run_has_no_deadline_because_one_breaks_clear(dag):
    """apache/airflow#70368: with a deadline on the start of a run, every *Clear* answers 500."""
    assert not dag.deadline


def test_selfies_off_do_not_end_the_wave(dag):
    assert dag.get_task("refill").trigger_rule == "none_failed"


@pytest.mark.parametrize("path", sorted(dags_folder().glob("*.py")), ids=lambda path: path.name)
def test_dags_hold_no_logic(path):
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) < 200
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While | ast.ListComp)]
    assert loops == []


def test_named_errors_that_no_retry_heals_fail_at_once(dag):
    from airflow.exceptions import AirflowFailException

    attempt = sys.modules["gelombang_dags.wave_cohort"].attempt

    def broken(error):
        raise error

    with pytest.raises(AirflowFailException, match="held"):
        attempt(broken, WaveLockedError("Wave 1 is held."))
    with pytest.raises(AirflowFailException, match="quota"):
        attempt(broken, BadQuotaError("A quota of 0."))
    for error in (StoreError("x"), SelfieSystemError("y"), RuntimeError("z")):
        with pytest.raises(type(error)):
            attempt(broken, error)


def test_an_error_before_a_stage_begins_its_task_is_told_once_too(dag, monkeypatch):
    """`gelombang run` says what it was told: a stage may fail before it frames its task, such as one whose run holds
    the wave no longer."""
    from airflow.exceptions import AirflowFailException

    attempt = sys.modules["gelombang_dags.wave_cohort"].attempt
    printed = io.StringIO()
    console = Console(file=printed)
    monkeypatch.setattr(local_run, "_now", local_run.LocalRun("data", "gelombang run", "ani"))

    def early(error):
        raise error

    def framed(error):
        with progress.task("framed"):
            raise error

    for stage in (early, framed):
        display = Display(console)
        monkeypatch.setattr(progress, "_listener", display)
        for error in (WaveLockedError("The run no longer holds the wave."), ZeroDivisionError()):
            with pytest.raises((AirflowFailException, ZeroDivisionError)):
                attempt(stage, error)
        assert isinstance(display.error, WaveLockedError)
    assert printed.getvalue() == "✗ early\n✗ early: ZeroDivisionError\n✗ framed\n✗ framed: ZeroDivisionError\n"


def test_what_a_disk_refuses_is_told_by_its_name(monkeypatch):
    display = Display(Console(file=io.StringIO()))
    monkeypatch.setattr(progress, "_listener", display)
    with pytest.raises(StoreError), progress.task("finish"):
        raise PermissionError(13, "Permission denied", "waves/.wave-0012.new")
    assert isinstance(display.error, StoreError)
    assert "waves/.wave-0012.new" in str(display.error)
    with pytest.raises(DiskFullError), progress.task("finish"):
        raise OSError(errno.ENOSPC, "No space left on device", "waves/x")


def test_every_stage_of_the_module_is_a_task(dag):
    public = [name for name, f in vars(stages).items() if inspect.isfunction(f) and f.__module__ == stages.__name__]
    tasks = {name for name in public if not name.startswith("_")}
    assert tasks == {task.task_id for task in dag.tasks} - {"approve"}


@pytest.mark.parametrize(
    "handed",
    [
        RunRef("s3://bucket/data", 12, "scheduled__wave-0012"),
        ShardRef(RunRef("data", 1), "work/wave-0001/shards/shard-0000.parquet", 250),
        FinishedRun(RunRef("data", 1, "x"), "data/waves/wave-0001", "00", "the form", 12),
    ],
)
def test_a_hand_over_comes_back_from_airflow_as_it_was(handed):
    plain = json.loads(json.dumps(to_dict([handed])))
    assert from_dict(type(handed), plain[0]) == handed


def test_a_task_takes_and_gives_plain_values(dag, monkeypatch):
    ref = RunRef("data", 1, "x")
    shards = [ShardRef(ref, "a", 1), ShardRef(ref, "b", 2)]
    module = sys.modules["gelombang_dags.wave_cohort"]
    seen = []

    def draw(given):
        """A stage."""
        seen.append(given)
        return shards

    # the function inside Airflow's task
    function = module.as_task(draw).function
    assert function(to_dict(ref)) == to_dict(shards)
    assert seen == [ref]


def test_an_installed_package_has_the_dags_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["dags"] == "pipeline/dags"
    (tmp_path / "dags").mkdir()  # another package's
    monkeypatch.setattr(local_run, "files", lambda _: tmp_path / "pipeline")
    assert local_run.dags_folder() == tmp_path / "pipeline" / "dags"
    monkeypatch.undo()
    assert local_run.dags_folder() == ROOT / "dags"
