"""PostgreSQL and Redis of one's own on loopback, from Debian's packages: what Celery's workers and Airflow share."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.airflow_services import free_port, wait_for


def _server_programs() -> Path:
    """The folder of the newest PostgreSQL that has all its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    assert found, "tools/cluster installs PostgreSQL"
    return found[-1].parent


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL with an empty database ``airflow``; yields ``user@host:port/database``. It never runs as root."""
    programs, port = _server_programs(), free_port()
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="gelombang-postgres-"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments], cwd=folder, check=True, capture_output=True, timeout=120
        )

    call("initdb", "--pgdata", str(folder / "data"), "--username", "airflow", "--auth", "trust", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    log = str(folder / "log")
    call("pg_ctl", "start", "--pgdata", str(folder / "data"), "--wait", "--log", log, "--options", options)
    try:
        call("createdb", "--host", "127.0.0.1", "--port", str(port), "--username", "airflow", "airflow")
        yield f"airflow@127.0.0.1:{port}/airflow"
    finally:
        call("pg_ctl", "stop", "--pgdata", str(folder / "data"), "--mode", "immediate")
        shutil.rmtree(folder)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that keeps nothing on disk; yields its URL."""
    port = free_port()
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "save": "",
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    server = subprocess.Popen(["redis-server", *arguments], start_new_session=True)
    try:
        wait_for(
            "Redis", lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).returncode == 0
        )
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)
