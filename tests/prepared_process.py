"""A process that has imported what every `gelombang run` imports, and forks for each command that is to be run.

Started as a child of a test's process (`Prepared`); a command then begins some ten CPU seconds later than in a process
of its own. Nothing is imported that reads the environment: neither Airflow, nor TensorFlow, nor a setting.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

IMPORTS = (
    "great_expectations",
    "altair",
    "pandas",
    "duckdb",
    "pyarrow.parquet",
    "sqlalchemy",
    "fastapi",
    "pipeline.cli",
)


class Prepared:
    """One such process; ends with the process that made it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
        )

    def run(self, arguments: list[str], environment: Mapping[str, str], out: Path) -> int:
        """Runs ``gelombang``; what it prints goes to ``out``. Returns its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd()), "out": str(out)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=60)


def _serve() -> None:
    for name in IMPORTS:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(asked)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(asked: dict[str, Any]) -> None:
    """In the forked process: becomes the command."""
    code = 70
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for there, here in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(there, here)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = [str(Path(sys.executable).with_name("gelombang")), *asked["arguments"]]
        from pipeline import cli

        cli.main()
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
