"""A process that has imported what every `gelombang run` imports, and forks for each command that is to be run.

Started as a child of a test's process (`Prepared`); a command then saves some twenty CPU seconds. Airflow reads its
home and its DAGs' folder when it is imported: all commands of one such process share that home, as the runs of a person
share theirs. Other settings are read when they are needed, and ours anew in each fork. TensorFlow is not imported.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.airflow_plugin.local_run import EMBEDDED, dags_folder

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


COMMAND = "pipeline.cli:main"


class Prepared:
    """One such process; ends with the process that made it. ``home``: an initialised home of Airflow."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **EMBEDDED, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder())},
        )

    def run(self, arguments: list[str], environment: Mapping[str, str], out: Path) -> int:
        """Runs ``gelombang``; what it prints goes to ``out``. Returns its exit code."""
        self.start(arguments, environment, out)
        return self.wait()

    def start(self, arguments: list[str], environment: Mapping[str, str], out: Path, main: str = COMMAND) -> int:
        """Starts ``main``, ``module:function``, with these arguments; its process. ``wait`` comes next."""
        assert self._process.stdin is not None
        asked = {
            "arguments": arguments,
            "environment": {**environment, "AIRFLOW_HOME": str(self.home)},
            "folder": str(Path.cwd()),
            "out": str(out),
            "main": main,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """The exit code of what was started, once it has ended; as ``subprocess`` has it."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=60)


async def _build_task_api() -> None:
    """Airflow makes the routes of its tasks' API, for each version that was ever, at the first request."""
    import httpx
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    transport = httpx.ASGITransport(app=in_process_api_server().app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://in-process.invalid") as client:
        await client.get("/")


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow's log is no answer
    for name in IMPORTS:
        importlib.import_module(name)
    from airflow.utils.db import initdb

    initdb()
    asyncio.run(_build_task_api())
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(asked)
        print(child, file=answers, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


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
        from pipeline.domain.settings import settings

        settings.cache_clear()
        module, _, function = asked["main"].partition(":")
        getattr(importlib.import_module(module), function)()
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
