"""A process that has imported what every `gelombang run` imports, and forks for each command that is to be run.

Begun by the first worker that wants it; a command then saves some twenty CPU seconds. Airflow reads its
home and its DAGs' folder when it is imported: all commands share that home, and each worker has a database of its own.
Other settings are read when they are needed, and ours anew in each fork. TensorFlow is not imported.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pipeline.airflow_plugin.local_run import EMBEDDED, dags_folder
from tests.forked_command import Command, receive

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
MAIN = "pipeline.cli:main"
_SOCKET, _DATABASE = "commands.socket", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def begin(home: Path, run_of_tests: int) -> None:
    """Starts it with a new home of Airflow. It ends with the process whose number ``run_of_tests`` is."""
    own = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()), **EMBEDDED}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.prepared_process", str(run_of_tests)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env={**os.environ, **own},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline(), "the process of the imports ended"


@dataclass(frozen=True)
class Prepared:
    """The process that was begun with ``home``, for a worker that has a database of Airflow of its own."""

    home: Path
    database: Path

    @property
    def _at(self) -> str:
        return f"sqlite:///{self.database}"

    def start(self, arguments: list[str], environment: Mapping[str, str], out: int, main: str = MAIN) -> Command:
        """Starts a command that reads nothing and prints to the descriptor ``out``."""
        with Path(os.devnull).open("rb") as nothing:
            files = nothing.fileno(), out, out
            return Command.start(self.home / _SOCKET, main, arguments, {**environment, _DATABASE: self._at}, files)

    def put_into(self, folder: Path) -> None:
        """A ``gelombang`` for scripts: whoever has the folder on PATH has its commands forked from this process."""
        forked = f"{sys.executable} -S -E {Path(__file__).with_name('forked_command.py')}"
        script = f'{_DATABASE}={self._at} exec {forked} {self.home / _SOCKET} {MAIN} "$@"'
        (folder / "gelombang").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "gelombang").chmod(0o755)


async def _build_task_api() -> None:
    """Airflow makes the routes of its tasks' API, for each version that was ever, at the first request."""
    import httpx
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    transport = httpx.ASGITransport(app=in_process_api_server().app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://in-process.invalid") as client:
        await client.get("/")


def _serve(run_of_tests: int) -> None:
    ready = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow's log is no answer
    for name in IMPORTS:
        importlib.import_module(name)
    from airflow import settings
    from airflow.utils.db import initdb

    initdb()
    asyncio.run(_build_task_api())
    settings.dispose_orm(do_log=False)  # no connection is shared with those that are forked
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for a command
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(Path(os.environ["AIRFLOW_HOME"]) / _SOCKET))
        server.listen()
        print("ready", file=ready, flush=True)
        server.settimeout(5)
        while psutil.pid_exists(run_of_tests):
            with suppress(TimeoutError):
                connection, _ = server.accept()
                if os.fork() == 0:
                    _attend(connection)
                connection.close()


def _attend(connection: socket.socket) -> None:
    """In a process of its own: forks once more for the command, and says its number and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, descriptors = receive(connection)
    child = os.fork()
    if child == 0:
        connection.close()
        _become(asked, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    with suppress(BrokenPipeError):
        connection.sendall(f"{child}\n".encode())
        connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any], descriptors: list[int]) -> None:
    """In the forked process: becomes the command."""
    code = 70
    try:
        for here, there in enumerate(descriptors):
            os.dup2(there, here)
            os.close(there)
        os.chdir(asked["folder"])
        airflows = {name: os.environ[name] for name in ("AIRFLOW_HOME", "AIRFLOW__CORE__DAGS_FOLDER")}
        os.environ.clear()
        os.environ.update({**asked["environment"], **airflows})
        sys.argv = [str(Path(sys.executable).with_name("gelombang")), *asked["arguments"]]
        from airflow import settings as of_airflow

        from pipeline.domain.settings import settings

        of_airflow.configure_vars()
        of_airflow.configure_orm()
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
    _serve(int(sys.argv[1]))
