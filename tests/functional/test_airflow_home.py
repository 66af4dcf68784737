"""What somebody drops below a data root never runs: not as a plugin, not as a DAG, not as Airflow's configuration."""

from __future__ import annotations

from pathlib import Path

from pipeline.airflow_plugin import airflow_home
from pipeline.storage.paths import Store
from tests.functional.conftest import run_installed
from tests.waves import three_waves


def test_a_plugin_in_the_data_root_does_not_run(tmp_path: Path) -> None:
    data, ran = three_waves(tmp_path / "data").root, tmp_path / "ran"
    code = f"from pathlib import Path\nPath({str(ran)!r}).touch()\n"
    for folder in ("plugins", "dags", "config"):
        (data / "work" / "airflow" / folder).mkdir(parents=True)
        (data / "work" / "airflow" / folder / "airflow_local_settings.py").write_text(code)
    dropped = data / "work" / "airflow"
    code_folders = f"plugins_folder = {dropped / 'plugins'}\ndags_folder = {dropped / 'dags'}\n"
    (dropped / "airflow.cfg").write_text(f"[core]\n{code_folders}")
    done = run_installed(data, wave=1)
    assert done.code == 0, done.text
    assert not ran.exists()
    home = airflow_home.path_of(Store.at(data))
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "airflow.db").is_file()
    assert not (data / "work" / "airflow" / "airflow.db").exists()

    refused = run_installed(data, wave=1, AIRFLOW_HOME=str(data / "work" / "airflow"))
    assert refused.code == 1
    assert "below the data root" in refused.text
    assert not ran.exists()
