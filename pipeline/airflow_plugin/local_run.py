"""Runs the wave's DAG in this process: the same orchestration as under a scheduler, on an embedded SQLite.

Imports Airflow inside its functions only. Everything that Airflow and the models print goes to
``DATA/work/<wave>.log``; the terminal belongs to the progress display.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from pipeline.domain.settings import settings

#: What an embedded Airflow needs to know. Whoever has set a variable keeps it.
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


def dags_folder() -> Path:
    """The project's DAGs: beside the package in a checkout."""
    return Path(str(files("pipeline"))).parent / "dags"


def run_wave(params: dict[str, Any], home: Path) -> bool:
    """Runs ``wave_cohort`` and then ``funnel_report``; True when every task succeeded. ``home`` is AIRFLOW_HOME.

    Nobody is there to approve: the cohort is written and not published (`gelombang publish` does that).
    """
    home.mkdir(parents=True, exist_ok=True)
    own = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()), **EMBEDDED}
    for name, value in own.items():
        os.environ.setdefault(name, value)
    settings.cache_clear()  # the command has read them already, without these
    from airflow.utils.db import initdb
    from airflow.utils.state import DagRunState

    initdb()
    for name, given in (("wave_cohort", params), ("funnel_report", {"data": params["data"]})):
        if load_dag(name).test(run_conf=given, mark_success_pattern="approve|publish").state != DagRunState.SUCCESS:
            return False
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
