"""A small simulated wave with real photographs, taken once through the real DAG by the real command."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp

import pytest

from tests.prepared_process import Prepared, begin

WAVE = 12  # every rule is in force from here on


@dataclass(frozen=True)
class Finished:
    """A command that ended, and the data root it worked on."""

    data: Path
    code: int
    text: str

    @property
    def out(self) -> Path:
        return self.data / "waves" / f"wave-{WAVE:04d}"


#: What a test's command has, unless the test says otherwise: one process measures faces, for several tests run at once.
_ENVIRONMENT = {"COLUMNS": "140", "NO_COLOR": "1", "GELOMBANG_SELFIE__WORKERS": "1"}


def installed(*arguments: str | Path, **environment: str) -> Finished:
    """Runs the installed command as a person would, in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gelombang")), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **_ENVIRONMENT, **environment},
        timeout=900,
        check=False,
    )
    return Finished(Path(), done.returncode, done.stdout)


#: The fixture of this name: what it makes is wanted by functions.
_made_once: list[Callable[[str, Callable[[Path], None]], Path]] = []


@pytest.fixture(scope="session", autouse=True)
def _known(made_once: Callable[[str, Callable[[Path], None]], Path]) -> None:
    _made_once.append(made_once)


@cache
def prepared() -> Prepared:
    """The process that has the imports of a run, the same for all workers, with a database for this worker's runs."""
    run_of_tests = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    home = _made_once[0]("airflow", lambda folder: begin(folder, run_of_tests))
    folder = Path(mkdtemp(prefix="gelombang-airflow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Prepared(home, Path(shutil.copy(home / "airflow.db", folder)))


def gelombang(*arguments: str | Path, **environment: str) -> Finished:
    """Runs a command, forked from a process with its imports and an initialised home of Airflow."""
    with TemporaryFile() as printed:
        given = {**os.environ, **_ENVIRONMENT, **environment}
        code = prepared().start(list(map(str, arguments)), given, printed.fileno()).wait()
        printed.seek(0)
        return Finished(Path(), code, printed.read().decode(errors="replace"))


def run(data: Path, *options: str, wave: int = WAVE, **environment: str) -> Finished:
    """`gelombang run` on a data root."""
    return replace(gelombang("run", str(wave), "--data", data, *options, **environment), data=data)


def run_installed(data: Path, wave: int = WAVE, **environment: str) -> Finished:
    """`gelombang run` as a person starts it, with a fresh Airflow home."""
    return replace(installed("run", str(wave), "--data", data, **environment), data=data)


def simulate(data: Path, *options: str, wave: int = WAVE) -> None:
    """`gelombang simulate` into a data root."""
    done = installed("simulate", data, "--wave", str(wave), *options)
    assert done.code == 0, done.text


def simulate_photographed(data: Path) -> None:
    """A data root with 1,500 applications, 20,000 people and photographs for those who will be drawn."""
    simulate(data, "--registrations", "1500", "--population", "20000", "--quota", "90", "--seed", "11")


def link_deliveries(source: str, target: str) -> None:
    """A hard link where a test only reads; of a selfie a copy, because a hard link among them is refused."""
    folders = set(Path(source).parts)
    copy = os.link if {"extracts", "landing"} & folders and "selfies" not in folders else shutil.copy2
    copy(source, target)


def copy_root(data: Path, to: Path, *without: str) -> Path:
    """A copy of a data root. Deliveries are hard links: a test replaces such a file, and never writes into it."""
    without_these = shutil.ignore_patterns(*without)
    return Path(shutil.copytree(data, to, ignore=without_these, copy_function=link_deliveries))


@pytest.fixture(scope="session")
def simulated(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A simulated data root in which nothing has run; no test changes it."""
    return made_once("simulated", lambda folder: simulate_photographed(folder / "data")) / "data"


@pytest.fixture(scope="session")
def finished(made_once: Callable[[str, Callable[[Path], None]], Path], simulated: Path) -> Finished:
    """The wave after its first run; no test changes it. (``test_terminal`` has the installed command.)"""

    def make(folder: Path) -> None:
        done = run(copy_root(simulated, folder / "data", "work"))
        assert done.code == 0, done.text
        (folder / "printed").write_text(done.text, encoding="utf-8")

    folder = made_once("finished", make)
    return Finished(folder / "data", 0, (folder / "printed").read_text(encoding="utf-8"))


@pytest.fixture
def fresh_data(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the simulated root that a test may break; nothing has run in it."""
    return copy_root(simulated, tmp_path / "data", "work", "waves")
