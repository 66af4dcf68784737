"""`make up`: Airflow on the wave that `make wave` made, and Ctrl-C ends all of it within seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
_UP, _ENDED = 240, 20  # seconds


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/api/v2/version", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.slow
def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "data").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "GELOMBANG_DATA": str(tmp_path / "data"),
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    log = (tmp_path / "printed.txt").open("wb")
    # a runner that is in the background itself may ignore Ctrl-C, and what it starts would too
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    process = subprocess.Popen(
        [str(ROOT / "tools/airflow_up")], env=environment, stdout=log, stderr=log, preexec_fn=heard
    )
    started: list[psutil.Process] = []
    try:
        until = time.monotonic() + _UP
        while not answers(port):
            assert process.poll() is None, (tmp_path / "printed.txt").read_text()[-3000:]
            assert time.monotonic() < until, (tmp_path / "printed.txt").read_text()[-3000:]
            time.sleep(1)
        ready = f"The page is there: http://127.0.0.1:{port}"  # said once more, below what Airflow prints as it starts
        while ready not in (tmp_path / "printed.txt").read_text():
            assert time.monotonic() < until, (tmp_path / "printed.txt").read_text()[-3000:]
            time.sleep(1)
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) < 25  # two tasks at once: Airflow's own thirty-two workers are not there
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_ENDED)
        assert not [one for one in psutil.wait_procs(started, timeout=3)[1] if one.is_running()]
    finally:
        for one in [*started, *([process] if process.poll() is None else [])]:
            if one.is_running() if isinstance(one, psutil.Process) else True:
                one.kill()
        log.close()


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    bare = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "GELOMBANG_DATA": str(tmp_path / "data")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = subprocess.run(
            [str(ROOT / "tools/airflow_up")], env={**bare, "PORT": port}, capture_output=True, text=True, timeout=30
        )
    assert said.returncode == 1
    assert f"Port {port} is taken" in said.stderr
    assert "PORT=" in said.stderr
    assert "Airflow:" not in said.stdout


@pytest.mark.slow
def test_the_first_task_waits_for_an_api_server_that_is_slow_to_start(tmp_path: Path) -> None:
    """Airflow's five seconds were too few on a busy machine: the first hourly run had failed when the page opened."""
    asked = "source tools/airflow_env && airflow config get-value workers execution_api_timeout"
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "GELOMBANG_DATA": str(tmp_path / "data")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = subprocess.run(["bash", "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert float(told.stdout.split()[-1]) >= 60


def test_without_a_delivery_of_its_own_it_shows_what_make_wave_made(tmp_path: Path) -> None:
    """The same root as `make wave` and the notebook, told by the environment that they share."""
    checkout = tmp_path / "checkout"
    for folder in ("tools", "dags", "data/simulated"):
        (checkout / folder).mkdir(parents=True)
    (checkout / "tools/airflow_env").write_bytes((ROOT / "tools/airflow_env").read_bytes())
    bare = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}

    def root() -> str:
        asked = ["bash", "-c", "source tools/airflow_env && echo $GELOMBANG_DATA $AIRFLOW__CORE__PARALLELISM"]
        return subprocess.run(asked, cwd=checkout, env=bare, capture_output=True, text=True, check=True).stdout.strip()

    assert root() == f"{checkout}/data/simulated 2"
    (checkout / "data/landing").mkdir()
    assert root() == f"{checkout}/data 2"
