"""Every command that the documentation shows in a block is run as it is printed, on a finished wave.

What waits for a person or needs a scheduler is run by the test that ``ELSEWHERE`` names; of ``make``, which sets up the
environment that runs this, the target is looked up, and `make wave` is run from where its set-up is done. `gelombang`
is forked from a process that has its imports (`prepared_process`); `test_terminal.py` has the installed command.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.functional.conftest import Finished, copy_root, prepared

ROOT = Path(__file__).resolve().parents[2]
#: Whose blocks are run here, and all that could have some.
PAGES = [*sorted([*ROOT.glob("docs/tutorial/*.md"), *ROOT.glob("docs/how-to/*.md")]), ROOT / "README.md"]
#: The recipe of an outsider wants a public folder before it, and has one in the test that ``ELSEWHERE`` names.
TRIED = [page for page in PAGES if page.name != "check-a-draw.md"]
ALL = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
#: Beginnings of shown commands that other tests run: their file, and how it calls them.
ELSEWHERE = {
    "make wave": ("tests/functional/test_documented_commands.py", '"make", "-n", "wave"'),
    "gelombang review": ("tests/functional/test_review.py", '"review", str(WAVE), "--data"'),
    "gelombang open": ("tests/unit/test_opening.py", '["open", "13", "--data"'),
    "gelombang simulate": ("tests/unit/test_simulate_country.py", '"waves": "1-3"'),
    "gelombang run": ("tests/functional/conftest.py", '"run", str(wave), "--data"'),
    "gelombang publish": ("tests/functional/test_publication.py", '["publish", "1", "--decree"'),
    "gelombang diff": ("tests/functional/test_country.py", '"diff", "1", "2", "--data"'),
    "gelombang find": ("tests/functional/test_country.py", '"find", "--data"'),
    "export GELOMBANG_DATA=": ("tests/functional/test_documented_commands.py", '"GELOMBANG_DATA": str(finished.data)'),
    "export GELOMBANG_LANGUAGE=": ("tests/unit/test_settings.py", "GELOMBANG_LANGUAGE"),
    "gelombang purge --wave": ("tests/unit/test_encryption_at_rest.py", '"purge", "--wave", "3", "--destroy-key"'),
    "gelombang import population postgresql": (
        "tests/cluster/test_import_databases.py",
        '"import", "population", address',
    ),
    "gelombang import bansos mysql": ("tests/cluster/test_import_databases.py", '"import", "population", address'),
    "source tools/airflow_env": ("tests/functional/test_documented_commands.py", '"source tools/airflow_env && '),
    "airflow backfill create": ("tests/functional/test_scheduler.py", '"backfill", "create"'),
    "export GELOMBANG_ALERT__WEBHOOK": ("tests/unit/test_alerts.py", "set_to(WEBHOOK="),
    "export GELOMBANG_ALERT__MAIL": ("tests/unit/test_alerts.py", "set_to(MAIL="),
    "export AIRFLOW_CONN_SMTP_DEFAULT": ("tests/unit/test_alerts.py", "AIRFLOW_CONN_SMTP_DEFAULT"),
    "export AIRFLOW__METRICS__STATSD": ("tests/unit/test_metrics.py", "AIRFLOW__METRICS__STATSD_ON"),
    "export AIRFLOW__OPENLINEAGE": ("tests/unit/test_lineage.py", '"AIRFLOW__OPENLINEAGE__TRANSPORT"'),
    "airflow celery worker": ("tests/cluster/test_cluster.py", '"celery", "worker", "--concurrency", "1"'),
    "docs/explanation/draw.md": ("tests/unit/test_draw_recipes.py", '"draw.md"'),
    "docs/how-to/run-in-containers.md": ("tests/unit/test_containers.py", "run-in-containers.md"),
    "docs/how-to/check-a-draw.md": ("tests/unit/test_check_a_draw.py", '"check-a-draw.md"'),
}
COMMANDS = re.compile(r"(?:gelombang|airflow|source|make|python3?|export|git|uv|curl|docker|sudo|ssh)\b")


def fenced(page: Path) -> list[tuple[str, str]]:
    """The page's blocks with their language; those without one are shown, not run."""
    return re.findall(r"```(\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


#: The same wave through the same process: run once, by the page that shows it first.
WHOLE_WAVE = re.compile(r"^gelombang run 12(?= *(?:#|$))", re.M)


def blocks(page: Path, data: Path) -> list[str]:
    """The page's shell blocks, as someone types them whose data lies in ``data``."""
    shown = [text for language, text in fenced(page) if language == "bash"]
    if any(WHOLE_WAVE.search(page.read_text(encoding="utf-8")) for page in TRIED[: TRIED.index(page)]):
        shown = [WHOLE_WAVE.sub("gelombang status", text) for text in shown]
    return [re.sub(r"^make ", f"make -n -C {ROOT} ", t, flags=re.M).replace("/path/of/data", str(data)) for t in shown]


@pytest.fixture(scope="module")
def desk(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the files that the pages speak of, and the environment of a person at it."""
    folder = tmp_path_factory.mktemp("desk")
    finished = replace(finished, data=copy_root(finished.data, tmp_path_factory.mktemp("wave") / "data"))
    drawn = pq.read_table(finished.data / "work" / "wave-0012" / "drawn.parquet").to_pylist()
    selfies, photos = finished.data / "landing" / "wave-0012" / "selfies", finished.data / "extracts" / "photos"
    pairs = [
        (selfies / row["selfie"], photos / row["reference"])
        for row in drawn
        if row["selfie"] and row["reference"] and (selfies / row["selfie"]).is_file()
    ][:40]
    for i, (selfie, reference) in enumerate(pairs):
        (folder / f"s{i}.jpg").write_bytes(selfie.read_bytes())
        (folder / f"r{i}.jpg").write_bytes(reference.read_bytes())
    lines = [f"s{i}.jpg,r{i}.jpg,1\ns{i}.jpg,r{(i + 7) % len(pairs)}.jpg,0" for i in range(len(pairs))]
    (folder / "labelled.csv").write_text("selfie,reference,same\n" + "\n".join(lines) + "\n")
    (folder / "pairs.csv").write_text("selfie,reference\ns0.jpg,r0.jpg\ns1.jpg,\n")
    (folder / "nik.txt").write_text(f"{pq.read_table(finished.out / 'cohort.parquet')['nik'][0].as_py()}\n")
    (folder / "photos.csv").write_text("photo\ns0.jpg\ns1.jpg\nr0.jpg\n")
    pupils = "".join(f"SMA;{3171010000000001 + n};{('Aktif', 'Lulus', 'Keluar')[n % 3]}\n" for n in range(40))
    (folder / "siswa.csv").write_text(f"Jenjang;No. KTP;Keterangan\n{pupils}")
    [mapping] = [text for language, text in fenced(ROOT / "docs/how-to/import-a-register.md") if language == "toml"]
    (folder / "siswa.toml").write_text(mapping)
    (folder / "data").mkdir()
    (folder / "data" / "simulated").symlink_to(finished.data)
    (folder / "folder").symlink_to(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    out = finished.out
    commands = tmp_path_factory.mktemp("commands")
    prepared().put_into(commands)
    return folder, {
        **os.environ,
        "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GELOMBANG_DATA": str(finished.data),
        "ID": pq.read_table(out / "rejections.parquet")["registration_id"][0].as_py(),
        "ELIGIBLE": drawn[0]["registration_id"],
    }


@pytest.mark.parametrize("page", TRIED, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_as_printed(desk, page):
    folder, environment = desk
    script = "set -euo pipefail\n" + "\n".join(blocks(page, Path(environment["GELOMBANG_DATA"])))
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_shell_that_sourced_the_environment_talks_to_make_ups_airflow(tmp_path):
    asked = "source tools/airflow_env && airflow config get-value core dags_folder && echo $AIRFLOW_HOME"
    bare = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", asked], cwd=ROOT, env=bare, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-2:] == [str(ROOT / "dags"), str(ROOT / ".airflow")]
    assert "source tools/airflow_env" in (ROOT / "tools" / "airflow_up").read_text(encoding="utf-8")


def test_make_wave_takes_its_wave_through(desk):
    _, environment = desk
    # Below `make test`, make would frame the recipe with the folders it enters and leaves.
    asked = ["make", "--no-print-directory", "-n", "wave", f"DATA={environment['GELOMBANG_DATA']}"]
    recipe = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    assert "tools/demo_wave" in recipe
    done = subprocess.run(
        ["bash", "-c", recipe], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "wave-0012" in done.stdout


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_shown_command_escapes(page):
    name = page.relative_to(ROOT).as_posix()
    for language, text in fenced(page):
        tried = language == "bash" and page in TRIED
        for line in () if tried else text.splitlines():
            if COMMANDS.match(line) or language in ("bash", "python"):
                by = next((test for start, test in ELSEWHERE.items() if name == start or line.startswith(start)), None)
                assert by is not None, f"{name}: nothing runs {line!r}; mark its block bash"
                assert by[1] in (ROOT / by[0]).read_text(encoding="utf-8")


def test_every_command_that_is_named_exists():
    from pipeline.cli import app

    text = "".join(page.read_text(encoding="utf-8") for page in ALL)
    known = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    assert set(re.findall(r"`gelombang ([a-z][a-z-]*)", text)) <= known
    targets = set(re.findall(r"`make ([a-z-]+)`", text))
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), target


def test_every_command_is_documented():
    from pipeline.cli import app

    names = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = {name for name in names if f"gelombang {name}" not in text}
    assert missing == set()


@pytest.mark.parametrize(
    ("home", "mode", "said"), [("data/work", 0o700, "below the data root"), ("home", 0o777, "Others")]
)
def test_an_unsafe_home_of_airflow_is_refused(home, mode, said, tmp_path):
    (tmp_path / home).mkdir(parents=True)
    (tmp_path / home).chmod(mode)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / home)}
    done = subprocess.run(
        ["bash", "-c", "source tools/airflow_env && echo on"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**environment, "GELOMBANG_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert done.stdout == ""
    assert said in done.stderr
