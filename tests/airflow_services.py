"""A real Airflow on loopback, its parts as processes of their own: what tests of the scheduler and the page talk to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from pipeline.airflow_plugin.local_run import dags_folder

T = TypeVar("T")
USERS = {"admin": "admin", "analyst": "op", "reader": "viewer"}
#: What tasks are forked from, as `tools/airflow_env` has it.
PRELOAD = "pipeline.task_imports"
PARTS = ("scheduler", "dag-processor", "triggerer", "api-server")


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(what: str, look: Callable[[], T | None], seconds: float = 300) -> T:
    """Looks until there is something to see. Raises AssertionError when there is nothing in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(1)
    raise AssertionError(f"{what}: nothing after {seconds:.0f} seconds")


@dataclass
class Airflow:
    """A running Airflow: its REST interface as one of ``USERS``, and its command line."""

    home: Path
    port: int
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, user: str = "admin", **body: Any) -> requests.Response:
        """A call of the REST interface, with a token of the user."""
        if user not in self.tokens:
            login = requests.post(f"{self.url}/auth/token", json={"username": user, "password": user}, timeout=60)
            self.tokens[user] = login.json()["access_token"]
        head = {"Authorization": f"Bearer {self.tokens[user]}"}
        return requests.request(method, f"{self.url}/api/v2{path}", json=body or None, headers=head, timeout=60)

    def get(self, path: str) -> dict[str, Any]:
        found = self.call("GET", path)
        found.raise_for_status()
        return dict(found.json())

    def command(self, *arguments: str) -> str:
        """An ``airflow`` command as a person types it."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("airflow")), *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def start(self, part: str, *more: str, **settings: str) -> None:
        """Starts one part, as ``airflow <part>`` or by other arguments; its output goes to ``HOME/<part>.log``."""
        here = ["--host", "127.0.0.1", "--port", str(self.port)] if part == "api-server" else []
        with (self.home / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [str(Path(sys.executable).with_name("airflow")), *(more or [part, *here])],
                env={**self.environment, **settings}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self, part: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends one part and its children."""
        process = self.processes.pop(part)
        try:
            os.killpg(process.pid, how)
            process.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            with_children = signal.SIGKILL
            try:
                os.killpg(process.pid, with_children)
            except ProcessLookupError:
                return


@contextmanager
def airflow(home: Path, data: Path, parts: tuple[str, ...] = PARTS, **settings: str) -> Iterator[Airflow]:
    """Starts an Airflow of its own below ``home`` on a data root, and ends it."""
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({user: user for user in USERS}))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__SCHEDULER__MP_START_METHOD": "forkserver",
        "AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD": PRELOAD,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GELOMBANG_DATA": str(data),
        "GX_ANALYTICS_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **settings,
    }
    running = Airflow(home, port, environment)
    running.command("db", "migrate")
    try:
        for part in parts:
            running.start(part)
        wait_for("Airflow's page", lambda: _answers(running))
        yield running
    finally:
        for part in list(running.processes):
            running.stop(part)


def _answers(running: Airflow) -> bool:
    try:
        return requests.get(f"{running.url}/api/v2/version", timeout=5).ok
    except requests.RequestException:
        return False
