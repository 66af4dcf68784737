"""The documentation's site as a reader without a network meets it: opened from its folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.test_pages import show

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--config-file", str(ROOT / "mkdocs.yml"), "--site-dir"]
    subprocess.run([*command, str(folder)], check=True, capture_output=True, timeout=300)
    return folder


def test_every_page_opens_without_a_network(site: Path, browser: Browser) -> None:
    paths = sorted(path for path in site.rglob("*.html") if path.name != "404.html")
    assert len(paths) > 15
    page, trouble = show(browser, paths[0])
    for path in paths:
        page.goto(path.as_uri())
        assert page.locator("article h1").is_visible(), path
        assert trouble == [], path
    page.wait_for_load_state("networkidle")
    assert trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "reference/rules.html", "how-to/run-a-wave.html"])
def test_axe_finds_nothing_serious(name: str, scheme: str, site: Path, browser: Browser) -> None:
    page, _ = show(browser, site / name, color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_served_site_is_searched(site: Path, browser: Browser) -> None:
    """As `make docs-serve` serves it: a word of the newcomers' page leads to that page."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "http.server $(or $(PORT),8000) --bind 127.0.0.1 --directory site" in makefile
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(site)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout
            [port] = re.findall(r"port (\d+)", served.stdout.readline())
            page = browser.new_context().new_page()
            page.goto(f"http://127.0.0.1:{port}/index.html")
            page.wait_for_load_state("networkidle")
            page.locator("input.md-search__input").press_sequentially("practise backfill", delay=20)
            found = page.locator(".md-search-result__link").first
            found.wait_for(state="attached")
            assert "practise-a-backfill" in str(found.get_attribute("href"))
        finally:
            served.terminate()


def test_fits_a_phone(site: Path, browser: Browser) -> None:
    page, _ = show(browser, site / "reference" / "rules.html", viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
