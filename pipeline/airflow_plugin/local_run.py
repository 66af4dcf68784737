"""Runs the wave's DAG in this process: with the same orchestration as under a scheduler, on an embedded SQLite.

Imports Airflow inside its functions only. Everything that Airflow and the models print goes to
``DATA/work/<wave>.log``; the terminal belongs to the progress display.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.runtime import progress

#: What an embedded Airflow needs to know. A variable that is set already stays.
EMBEDDED = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "GELOMBANG_TASK_RETRIES": "0",
    "GX_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


@dataclass(frozen=True)
class LocalRun:
    """A run in this process: its data root, the name under which it holds the wave, and who started it.

    It is handed to the tasks in memory: so no form, no REST call and no variable can set it.
    """

    data: str
    name: str
    started_by: str


_now: LocalRun | None = None


def local_run() -> LocalRun | None:
    """The run of this process; None under a scheduler."""
    return _now


def data_root() -> str:
    """The data root of the tasks of a DAG: from the configuration, or from `gelombang run`."""
    return _now.data if _now else settings().data


def only_fields(given: dict[str, Any] | None, fields: Iterable[str]) -> None:
    """Raises BadSettingError where a run was started with a parameter that is not a field of its form."""
    if unknown := sorted(set(given or {}) - set(fields)):
        raise BadSettingError(
            f"The run was started with {', '.join(unknown)}, which no form has.",
            "Start it with fields of the form alone; the data root is configuration: GELOMBANG_DATA.",
        )


def dags_folder() -> Path:
    """The project's DAGs: next to the package in a checkout, or their copy inside an installed package."""
    package = Path(str(files("pipeline")))
    checkout = package.parent / "dags"
    return checkout if (checkout / "wave_cohort.py").is_file() else package / "dags"


def run_wave(run: LocalRun, params: dict[str, Any], home: Path) -> bool:
    """Runs ``wave_cohort`` and then ``funnel_report``; True when every task succeeded. ``home`` is AIRFLOW_HOME, which
    `airflow_home` made.

    ``params`` are fields of the DAG's form.

    No approver is there: the cohort is written and not published (`gelombang publish` does that).
    """
    own = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()), **EMBEDDED}
    for name, value in own.items():
        os.environ.setdefault(name, value)
    settings.cache_clear()  # the command has read the settings already, without these variables
    with progress.task("start_airflow"):
        from airflow.utils.db import initdb
        from airflow.utils.state import DagRunState

        initdb()
    global _now
    _now = run
    try:
        for name, given in (("wave_cohort", params), ("funnel_report", {})):
            if load_dag(name).test(run_conf=given, mark_success_pattern="approve|publish").state != DagRunState.SUCCESS:
                return False
    finally:
        _now = None
    return True


def load_dag(name: str) -> Any:
    """The DAG object of ``dags/<name>.py``."""
    spec = spec_from_file_location(f"gelombang_dags.{name}", dags_folder() / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.DAG_OBJECT


@contextmanager
def output_to(log: Path) -> Iterator[int]:
    """Sends this process's output and that of its children to a file; yields a descriptor of the old stdout."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    with log.open("wb") as f:
        os.dup2(f.fileno(), 1)
        os.dup2(f.fileno(), 2)
    try:
        yield out
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
