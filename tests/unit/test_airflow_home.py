"""Airflow's home lies outside the data root, belongs to one user and to one data root."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.airflow_plugin.airflow_home import home_of, path_of
from pipeline.domain.errors import UnsafeHomeError
from pipeline.domain.settings import settings
from pipeline.storage.paths import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("GELOMBANG_STATE", str(tmp_path / "state"))
    settings.cache_clear()
    (tmp_path / "data").mkdir()
    return Store.at(tmp_path / "data")


def test_it_is_made_for_its_user_alone(store: Store, tmp_path: Path) -> None:
    home = home_of(store, {})
    assert home == path_of(store)
    assert home.parent == tmp_path / "state" / "airflow"
    assert home.stat().st_mode & 0o777 == 0o700
    assert home_of(store, {}) == home


def test_two_data_roots_have_two_and_one_root_has_one(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert path_of(Store.at(tmp_path / "other")) != path_of(store) == path_of(Store.at(tmp_path / "link"))


def test_the_folder_of_the_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GELOMBANG_STATE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    settings.cache_clear()
    assert settings().state_folder() == tmp_path / ".local" / "state" / "gelombang"
    monkeypatch.setenv("XDG_STATE_HOME", "/var/elsewhere")
    assert settings().state_folder() == Path("/var/elsewhere/gelombang")


@pytest.mark.parametrize("name", ["AIRFLOW_HOME", "AIRFLOW__CORE__PLUGINS_FOLDER", "AIRFLOW__CORE__DAGS_FOLDER"])
@pytest.mark.parametrize("folder", ["data/work/airflow", "link", "data"])
def test_code_below_the_data_root_is_refused(name: str, folder: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data" / "work")
    with pytest.raises(UnsafeHomeError, match="below the data root"):
        home_of(store, {name: str(tmp_path / folder)})
    assert not (tmp_path / "data" / "work").exists()


def test_a_state_below_the_data_root_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GELOMBANG_STATE", str(store.root / "state"))
    settings.cache_clear()
    with pytest.raises(UnsafeHomeError, match="below the data root"):
        home_of(store, {})


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720])
def test_a_home_that_others_may_write_into_is_refused(mode: int, store: Store) -> None:
    home = path_of(store)
    home.mkdir(parents=True)
    home.chmod(mode)
    with pytest.raises(UnsafeHomeError, match="Others may write"):
        home_of(store, {})


def test_a_home_that_others_may_replace_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    with pytest.raises(UnsafeHomeError, match="may replace"):
        home_of(store, {})
    (tmp_path / "state").chmod(0o1777)  # as /tmp: everybody may write, nobody may rename another's folder
    assert home_of(store, {}).is_dir()
