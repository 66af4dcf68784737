"""Data roots that are no folder: a store in memory, and a machine with a mirror and keys of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from pipeline.domain.settings import settings


@contextmanager
def memory_store() -> Iterator[str]:
    """The address of a store in memory, which is empty and goes afterwards."""
    name = f"memory://{uuid4().hex}"
    yield name
    fs, root = fsspec.core.url_to_fs(name)
    if fs.exists(root):
        fs.rm(root, recursive=True)


@contextmanager
def own_machine(folder: Path, **variables: str) -> Iterator[pytest.MonkeyPatch]:
    """This process is a machine of its own: mirror and keys lie below ``folder``. ``variables``: set besides."""
    given = {"GELOMBANG_MIRROR": str(folder / "mirror"), "GELOMBANG_SECRETS": str(folder / "secrets"), **variables}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield patch
    settings.cache_clear()
