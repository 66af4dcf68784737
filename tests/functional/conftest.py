"""A small simulated wave with real photographs, taken once through the real DAG by the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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


def gelombang(*arguments: str | Path, **environment: str) -> Finished:
    """Runs the installed command as a person would."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gelombang")), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "140", "NO_COLOR": "1", **environment},
        timeout=900,
        check=False,
    )
    return Finished(Path(), done.returncode, done.stdout)


def run(data: Path, *options: str, wave: int = WAVE, **environment: str) -> Finished:
    """`gelombang run` on a data root."""
    done = gelombang("run", str(wave), "--data", data, *options, **environment)
    return Finished(data, done.code, done.text)


def simulate(data: Path, *options: str, wave: int = WAVE) -> None:
    """`gelombang simulate` into a data root."""
    done = gelombang("simulate", data, "--wave", str(wave), *options)
    assert done.code == 0, done.text


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with 1,500 applications, 20,000 people and photographs for those who will be drawn."""
    data = tmp_path_factory.mktemp("wave") / "data"
    simulate(data, "--registrations", "1500", "--population", "20000", "--quota", "90", "--seed", "11")
    return data


@pytest.fixture(scope="session")
def finished(simulated: Path) -> Finished:
    """The wave after its first run."""
    done = run(simulated)
    assert done.code == 0, done.text
    return done


@pytest.fixture
def fresh_data(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the simulated root that a test may break; nothing has run in it."""
    data = tmp_path / "data"
    shutil.copytree(simulated, data, ignore=shutil.ignore_patterns("work", "waves"), copy_function=os.link)
    return data
