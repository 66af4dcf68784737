"""The reports inside Airflow: nobody without a login, nothing outside the reports."""

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from pipeline.airflow_pages import app
from pipeline.settings import settings

REPORT = "waves/wave-0001/report.html"
DOCS = "work/wave-0001/data_docs/index.html"


@pytest.fixture
def client(tmp_path, monkeypatch):
    for name in (REPORT, DOCS, "waves/wave-0001/cohort.parquet", "work/wave-0001/registrations.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"<p>{name}</p>")
    monkeypatch.setenv("GELOMBANG_DATA", str(tmp_path))
    settings.cache_clear()
    yield TestClient(app)
    app.dependency_overrides.clear()
    settings.cache_clear()


@pytest.mark.parametrize("path", ["/", "/wave-0001/report", "/wave-0001/data-docs/index.html"])
def test_nobody_reads_a_report_without_a_login(client, path):
    assert client.get(path).status_code == 401


def test_a_logged_in_user_reads_reports_and_data_docs(client):
    app.dependency_overrides[get_user] = lambda: "somebody"
    assert "wave-0001" in client.get("/").text
    assert REPORT in client.get("/wave-0001/report").text
    assert DOCS in client.get("/wave-0001/data-docs/index.html").text
    assert DOCS in client.get("/wave-0001/data-docs/").text
    assert "default-src 'none'" in client.get("/wave-0001/report").headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/wave-0002/report",
        "/wave-0001/data-docs/..%2Fregistrations.parquet",
        "/wave-0001/data-docs/%2e%2e/registrations.parquet",
        "/..%2fwork/report",
        "/wave-0001/data-docs//etc/passwd",
    ],
)
def test_nothing_else_of_a_wave_can_be_fetched(client, path):
    app.dependency_overrides[get_user] = lambda: "somebody"
    assert client.get(path).status_code == 404
