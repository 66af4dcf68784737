"""The reports inside Airflow: nobody without a login, nothing outside the reports, every link leads somewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import fsspec
import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.dag import DagModel
from fastapi.testclient import TestClient

from checks.gate import judge
from pipeline.airflow_plugin.pages import DAG, HEADERS, app
from pipeline.domain.settings import settings
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.language.browser import language_of
from pipeline.reports.overview import write_overview
from pipeline.reports.wave_report import write_report
from pipeline.storage import files
from pipeline.storage.paths import Store
from tests.unit import wave_factory

DAG_FILE = Path(__file__).resolve().parents[2] / "dags" / "wave_cohort.py"
KEY = "wave-0012"
PAGES = ["/", "/data-docs/", f"/{KEY}/report", f"/{KEY}/report.html", f"/{KEY}/data-docs/"]
CHECKED = {"inputs": {"registrations": {"set_aside_share": 0.01}}, "cohort": {"cohort": {"rank_gaps": 0.0}}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A data root as a run leaves it: report, overview, Data Docs where the checks put them."""
    wave = wave_factory.wave()
    store = wave_factory.make(tmp_path_factory.mktemp("data"), wave, n=2_000)
    for name, metrics in CHECKED.items():
        judge(metrics, store.work(wave) / "data_docs" / name)
    write_funnel(store, wave)
    write_report(store, wave)
    store.out(wave).parent.mkdir()
    (store.work(wave) / "out").rename(store.out(wave))
    (store.work(wave) / "registrations.parquet").write_text("people")
    write_overview(store)
    return store


@pytest.fixture
def stranger(finished: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    create_auth_manager()
    monkeypatch.setattr(DagModel, "get_team_name", lambda dag_id: None)  # Airflow's database, which is not here
    monkeypatch.setenv("GELOMBANG_DATA", str(finished.root))
    settings.cache_clear()
    yield TestClient(app)
    app.dependency_overrides.clear()
    settings.cache_clear()


@pytest.fixture
def user(stranger: TestClient) -> TestClient:
    """Somebody who may look at Airflow's DAGs, and no more."""
    app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="somebody", role="VIEWER")
    return stranger


@pytest.mark.parametrize("path", [*PAGES, f"/{KEY}/data-docs/inputs/index.html", "/wave-0099/report"])
def test_nobody_reads_anything_without_a_login(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "Gelombang" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_whoever_may_not_read_the_dag_reads_nothing_of_it(stranger: TestClient, path: str) -> None:
    app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="somebody", role=None)
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "Gelombang" not in answer.text
    assert any(dag_id == DAG for dag_id in re.findall(r'dag_id="(\w+)"', DAG_FILE.read_text(encoding="utf-8")))


def test_whoever_is_logged_in_gets_everywhere_by_links(user: TestClient) -> None:
    seen: dict[str, str] = {}
    to_do = [*PAGES]
    while to_do:
        path = to_do.pop()
        answer = user.get(path, follow_redirects=False)
        assert answer.status_code == 200, path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        seen[path] = answer.text
        links = [urljoin(path, link) for link in re.findall(r'href="([^"#]+)"', answer.text)]
        to_do += [link for link in links if link.startswith("/") and link not in seen]
    pages = {name for name in seen if "/data-docs/inputs/" in name or "/data-docs/cohort/" in name}
    kinds = {Path(name).name for name in pages}
    assert kinds >= {"index.html", "registrations.html", "metrics-registrations.html", "metrics-cohort.html"}
    assert "rank_gaps" in "".join(seen[name] for name in pages)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_in_the_language_of_the_reader(user: TestClient, path: str) -> None:
    texts = {said: user.get(path, headers={"Accept-Language": said}).text for said in ("id-ID,id", "en-GB,en;q=0.9")}
    assert texts["id-ID,id"].startswith('<!doctype html>\n<html lang="id">')
    assert texts["en-GB,en;q=0.9"] == texts["id-ID,id"].replace('<html lang="id">', '<html lang="en">')


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("id", "id"),
        ("jv-ID,en", "id"),
        ("en;q=0.5, su;q=0.7", "id"),
        ("id;q=0.3,EN-us", "en"),
        ("nl,id;q=0.9,en;q=0.8", "id"),
        ("fr-FR,de;q=0.1", "en"),
        ("*", "id"),
        ("fr, *;q=0.5", "en"),
        ("en;q=x,ms;q=0.1", "id"),
    ],
)
def test_the_dearest_of_the_two_languages(accept: str | None, language: str) -> None:
    assert language_of(accept) == language


def test_a_wave_that_was_only_checked_has_its_data_docs(user: TestClient, finished: Store) -> None:
    judge(CHECKED["inputs"], finished.root / "work" / "wave-0013" / "data_docs" / "inputs")
    try:
        assert "Gelombang 13" in user.get("/data-docs/").text
        assert "inputs/index.html" in user.get("/wave-0013/data-docs/").text
        assert user.get("/wave-0013/data-docs/inputs/index.html").status_code == 200
        assert user.get("/wave-0013/report").status_code == 404
    finally:
        (finished.root / "work" / "wave-0013" / "data_docs" / "inputs" / "index.html").unlink()


@pytest.mark.parametrize(
    "path",
    [
        "/wave-0002/report",
        "/wave-0002/data-docs/",
        f"/{KEY}/data-docs/..%2Fregistrations.parquet",
        f"/{KEY}/data-docs/%2e%2e/registrations.parquet",
        f"/{KEY}/data-docs/inputs/%2e%2e%2f%2e%2e%2fregistrations.parquet",
        "/..%2fwork/report",
        "/%2e%2e/data-docs/inputs/index.html",
        f"/{KEY}%2f..%2f{KEY}/report",
        f"/{KEY}/data-docs//etc/passwd",
        f"/{KEY}/data-docs/inputs",
        f"/{KEY}/cohort.parquet",
    ],
)
def test_nothing_else_of_a_wave_can_be_fetched(user: TestClient, path: str) -> None:
    answer = user.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "This page is not there" in answer.text
    assert 'href="/"' in answer.text


def test_the_report_of_a_published_run_is_the_publications_and_of_a_newer_run_its_own(
    user: TestClient, finished: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    shutil.copytree(finished.root, root)
    monkeypatch.setenv("GELOMBANG_DATA", str(root))
    settings.cache_clear()
    manifest = files.write_json({"run": 1}, root / "waves" / KEY / "manifest.json")
    revision = root / "published" / KEY / "rev-1"
    files.write_text("Published, revision 1", revision / "report.html")
    assert "Published, revision 1" not in user.get(f"/{KEY}/report").text  # it is not complete
    files.write_json({"manifest_sha256": files.sha256(manifest)}, revision / "publication.json")
    assert "Published, revision 1" in user.get(f"/{KEY}/report").text
    files.write_json({"run": 2}, manifest)
    assert "Provisional" in user.get(f"/{KEY}/report").text


def test_a_link_out_of_the_folder_is_not_followed(user: TestClient, finished: Store) -> None:
    docs = finished.root / "work" / KEY / "data_docs"
    (docs / "out.html").symlink_to(docs.parent / "registrations.parquet")
    assert user.get(f"/{KEY}/data-docs/out.html").status_code == 404


def test_before_the_first_wave_the_page_says_so(
    user: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GELOMBANG_DATA", str(tmp_path))
    settings.cache_clear()
    assert "Belum ada gelombang" in user.get("/").text
    assert "No wave has finished" in user.get("/data-docs/").text


def test_a_data_root_that_is_gone_is_named(user: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GELOMBANG_DATA", str(tmp_path / "gone"))
    settings.cache_clear()
    answer = user.get("/")
    assert answer.status_code == 503
    assert "is not a folder" in answer.text


def test_of_a_root_elsewhere_no_table_comes_to_the_web_server(
    user: TestClient, finished: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"memory://{uuid4().hex}"
    fs, root = fsspec.core.url_to_fs(url)
    for path in finished.root.rglob("*"):
        if path.is_file():
            fs.pipe_file(f"{root}/{path.relative_to(finished.root).as_posix()}", path.read_bytes())
    fs.pipe_file(f"{root}/waves/{KEY}/manifest.json", b"{}")
    monkeypatch.setenv("GELOMBANG_DATA", url)
    monkeypatch.setenv("GELOMBANG_MIRROR", str(tmp_path))
    settings.cache_clear()
    for page in PAGES:
        assert user.get(page).status_code == 200, page
    fetched = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"report.html", "overview.html"} <= fetched
    assert not [name for name in fetched if name.endswith((".parquet", ".csv", ".xlsx", ".txt"))]
    fs.rm(root, recursive=True)
