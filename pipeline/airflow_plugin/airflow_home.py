"""The folder of Airflow for `gelombang run`: one for each data root, outside of it, for its user only.

A user who may write into AIRFLOW_HOME runs code: its plugins are imported. Senders of data may write into the data
root. So the two are never the same, and a home that others may write into is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pipeline.domain.errors import UnsafeHomeError
from pipeline.domain.settings import settings
from pipeline.storage.paths import Store

#: Variables with folders from which Airflow imports code, besides its home.
_CODE = ("AIRFLOW__CORE__PLUGINS_FOLDER", "AIRFLOW__CORE__DAGS_FOLDER")


def path_of(store: Store) -> Path:
    """The home for a data root, below the folder of this installation's state."""
    root = store.address if store.elsewhere else str(store.root.resolve())
    return settings().state_folder() / "airflow" / hashlib.sha256(root.encode()).hexdigest()[:16]


def home_of(store: Store, environment: Mapping[str, str]) -> Path:
    """The home of a run on a data root, made if it is not there: AIRFLOW_HOME where it is set. Raises UnsafeHomeError,
    also for a folder of code below the data root."""
    for name in _CODE:
        if name in environment:
            _refuse_below(Path(environment[name]), store, name)
    home = Path(environment["AIRFLOW_HOME"]).expanduser() if "AIRFLOW_HOME" in environment else path_of(store)
    _refuse_below(home, store, "AIRFLOW_HOME")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_shared(home)
        home.chmod(0o700)
    except OSError as e:
        raise UnsafeHomeError(f"Airflow's home {home} cannot be used: {e.strerror}.") from e
    return home


def _refuse_below(folder: Path, store: Store, name: str) -> None:
    if folder.expanduser().resolve().is_relative_to(store.root.resolve()):
        raise UnsafeHomeError(f"{name} is {folder}, which lies below the data root.")


def _refuse_shared(home: Path) -> None:
    """No other user may write into the home, or put another folder in its place."""
    found = home.resolve().stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeHomeError(f"Others may write into Airflow's home {home}.")
    for folder in home.resolve().parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise UnsafeHomeError(f"Others may replace Airflow's home {home}: everybody may write into {folder}.")
