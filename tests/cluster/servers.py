"""PostgreSQL, MariaDB and Redis of one's own on loopback, from Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

from tests.airflow_services import free_port, wait_for


def _installed(name: str, *programs: str | Path) -> Path:
    """The first program that is here. Where none is, the test is skipped; in CI, which can have all, it fails."""
    for program in programs:
        if found := shutil.which(program):
            return Path(found)
    if os.environ.get("TESTS_NEED_EVERY_SERVER"):
        pytest.fail(f"{name} is not here: tools/ensure_programs could not install it")
    pytest.skip(f"no {name} here, and tools/ensure_programs could not install it")


def _server_programs() -> Path:
    """The folder of the newest PostgreSQL that has all its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return _installed("PostgreSQL", *reversed(found)).parent


@contextmanager
def postgres(password: str = "") -> Iterator[str]:
    """A PostgreSQL with an empty database ``airflow``; yields ``user@host:port/database``. It never runs as root.

    ``password``: what its user needs; without one nobody is asked.
    """
    programs, port = _server_programs(), free_port()
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="gelombang-postgres-"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
            env={**os.environ, "PGPASSWORD": password},
        )

    (folder / "password").write_text(password or "none")
    (folder / "password").chmod(0o644)
    asked = ["--auth", "scram-sha-256" if password else "trust", "--pwfile", str(folder / "password")]
    call("initdb", "--pgdata", str(folder / "data"), "--username", "airflow", *asked, "--no-sync")
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
    server = subprocess.Popen([str(_installed("Redis", "redis-server")), *arguments], start_new_session=True)
    try:
        wait_for(
            "Redis", lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).returncode == 0
        )
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def mariadb(password: str) -> Iterator[int]:
    """A MariaDB with an empty database ``registers`` and a user ``reader`` who needs the password; yields its port."""
    program, port = _installed("MariaDB", "/usr/sbin/mariadbd"), free_port()
    as_user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="gelombang-mariadb-"))
    if as_user:
        shutil.chown(folder, "nobody", "nogroup")
    where = ["--no-defaults", f"--datadir={folder / 'data'}"]
    made = ["mariadb-install-db", *where, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*as_user, *made], cwd=folder, check=True, capture_output=True, timeout=300)
    (folder / "init.sql").write_text(
        f"CREATE DATABASE registers;\nCREATE USER reader@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON registers.* TO reader@'127.0.0.1';\n"
    )
    (folder / "init.sql").chmod(0o644)
    own = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]
    own += [f"--socket={folder / 'socket'}", f"--init-file={folder / 'init.sql'}", f"--log-error={folder / 'log'}"]
    server = subprocess.Popen([*as_user, str(program), *where, *own], cwd=folder, start_new_session=True)

    def answers() -> bool:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="reader", password=password, db="registers").close()
        except pymysql.Error:
            return False
        return True

    try:
        wait_for("MariaDB", answers)
        yield port
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder)
