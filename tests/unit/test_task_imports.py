"""The module that a scheduler forks its tasks from has all that a DAG imports, and every place names it alike."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.airflow_services import PRELOAD

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_dag_finds_all_of_our_modules_and_the_slow_libraries_imported(tmp_path):
    loaded = (
        f"import json, sys, {PRELOAD}; before = set(sys.modules)\n"
        "from pipeline.airflow_plugin.local_run import dags_folder, load_dag\n"
        "for dag in dags_folder().glob('*.py'): load_dag(dag.stem)\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
    )  # fmt: skip
    late = json.loads(done.stdout.splitlines()[-1])
    assert not [name for name in late if name.partition(".")[0] not in ("airflow", "gelombang_dags")]


@pytest.mark.parametrize("where", ["tools/airflow_env", "deploy/compose.yaml", "docs/how-to/more-machines.md"])
def test_it_is_named_alike(where):
    assert PRELOAD in (ROOT / where).read_text(encoding="utf-8")
