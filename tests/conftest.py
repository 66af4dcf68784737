"""What every test has: keys of its own, never those of the user who runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for keys; commands that a test starts have it too."""
    given = os.environ.get("GELOMBANG_SECRETS")
    if given is None:
        os.environ["GELOMBANG_SECRETS"] = str(tmp_path_factory.mktemp("secrets"))
    yield
    if given is None:
        del os.environ["GELOMBANG_SECRETS"]
