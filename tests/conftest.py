"""What every test has: keys of its own, Hypothesis's effort, and folders that are made once for all xdist workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from pipeline.domain.settings import settings as configured
from tests.effort import THOROUGH

# One example has no deadline: how long it takes depends on what else the machine does.
settings.register_profile("ordinary", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("thorough" if THOROUGH else "ordinary")


def _shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The temporary folder of this run of tests, whichever worker asks."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session", autouse=True)
def own_secrets(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """Folders for keys and state, never those of the user who runs the tests, also for commands that a test starts.

    All workers share them, as they share finished waves. Modules that were collected before may have read the settings,
    so these are read again.
    """
    with pytest.MonkeyPatch.context() as patch:
        if "GELOMBANG_SECRETS" not in os.environ:
            patch.setenv("GELOMBANG_SECRETS", str(_shared(tmp_path_factory, worker_id) / "secrets"))
        if "GELOMBANG_STATE" not in os.environ:
            patch.setenv("GELOMBANG_STATE", str(_shared(tmp_path_factory, worker_id) / "state"))
        configured.cache_clear()
        yield
    configured.cache_clear()


@pytest.fixture
def own_reviewers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An installation of its own, whose list of reviewers no other worker's test changes: a name that is given another
    token there would be signed out here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GELOMBANG_SECRETS", str(tmp_path_factory.mktemp("secrets")))
        configured.cache_clear()
        yield
    configured.cache_clear()


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """``made_once(name, make)``: a folder that the first worker fills with ``make(folder)`` and that all workers read.

    A folder that could not be filled is filled again by the next worker that asks. No test may change the folder.
    """
    shared = _shared(tmp_path_factory, worker_id)

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, made = shared / name, shared / f"{name}.made"
        with FileLock(str(shared / f"{name}.lock")):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                made.touch()
        return folder

    return once
