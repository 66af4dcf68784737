"""Data Docs stand alone: no page fetches or runs anything, every link leads somewhere, a failure shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.gate import judge
from pipeline.domain.errors import CheckFailedError

METRICS = {
    "population": {"rows": 1e6, "rows_vs_previous": 1.0, "duplicate_nik_share": 0.0},
    "registrations": {"rows": 100.0, "set_aside_share": 0.01},
}


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two runs: the first one's verdict was another."""
    folder = tmp_path_factory.mktemp("work") / "data_docs"
    with pytest.raises(CheckFailedError):
        judge({"population": {"rows": 0.0}}, folder)
    assert "✘ failed" in (folder / "index.html").read_text(encoding="utf-8")
    judge(METRICS, folder)
    return folder


def test_nothing_is_fetched_or_run(docs: Path) -> None:
    assert {path.suffix for path in docs.rglob("*") if path.is_file()} == {".html"}
    for path in docs.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|link|img|iframe)\b|\son\w+=|url\(|@import", text) == [], path


def test_every_link_leads_to_a_page(docs: Path) -> None:
    pages = {path.resolve() for path in docs.rglob("*.html")}
    seen, to_do = set(), [(docs / "index.html").resolve()]
    while to_do:
        page = to_do.pop()
        seen.add(page)
        for link in re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8")):
            if not link.startswith("https:"):  # a reader's own choice
                target = (page.parent / link).resolve()
                assert target in pages, (page, link)
                to_do += [target] if target not in seen else []
    assert seen == pages


def test_the_index_has_a_row_a_table_of_this_run_only(docs: Path) -> None:
    text = (docs / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'scope="row">(\w+)</th><td>(\S+)', text) == [("population", "✔"), ("registrations", "✔")]
    assert len(list(docs.rglob("metrics-*.html"))) == 2
