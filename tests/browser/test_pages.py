"""Report and overview as people meet them: from a file, on a phone, in the dark, on paper, by a screen reader."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

NAMES = ("report", "overview", "what_if")
WIDTHS = {"phone": 360, "tablet": 800, "desk": 1280}


def show(browser: Browser, path: Path, fragment: str = "", **options: Any) -> tuple[Page, list[str]]:
    """Opens a page; the list gathers console messages, errors and requests that leave the file."""
    page = browser.new_context(**options).new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: trouble.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(path.as_uri() + fragment)
    return page, trouble


@pytest.mark.parametrize("name", NAMES)
def test_opens_quietly_with_its_charts(name: str, browser: Browser, pages: dict[str, Path]) -> None:
    page, trouble = show(browser, pages[name])
    assert trouble == []
    assert page.locator("#id svg[role=img]").count() >= (1 if name == "what_if" else 2)
    box = page.locator("#id svg[role=img]").first.bounding_box()
    assert box is not None
    assert box["height"] > 90
    assert page.locator("#id svg[role=img] rect").first.evaluate("r => getComputedStyle(r).fill") != "rgb(0, 0, 0)"


@pytest.mark.parametrize("name", NAMES)
def test_language_switch(name: str, browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages[name])
    assert page.locator("#id").is_visible()
    assert not page.locator("#en").is_visible()
    page.click("#id >> text=English")
    assert page.locator("#en").is_visible()
    assert not page.locator("#id").is_visible()
    page.click("#en >> text=Bahasa Indonesia")
    assert page.locator("#id").is_visible()


def test_contents_keep_the_language(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages["report"], "#en")
    page.click("#en .contents a >> nth=4")
    assert page.locator("#en").is_visible()
    assert not page.locator("#id").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#en"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(name: str, fragment: str, scheme: str, browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages[name], fragment, color_scheme=scheme)
    found = Axe().run(page)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("name", NAMES)
def test_nothing_sticks_out(name: str, width: int, browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages[name], viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    labels = page.locator("#id svg.funnel text").all()
    sizes = [label.evaluate("t => parseFloat(getComputedStyle(t).fontSize)") for label in labels]
    assert all(size >= 12 for size in sizes)


#: The tables that a phone shows a part of: those about a simulation, and all waves beside each other.
CUT = {"report": "-s-truth", "overview": "-o-", "what_if": "none"}
#: The tables whose columns do not all fit, by the id of their section.
TOO_WIDE = """[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1)
    .map((box) => [box.closest('section').getAttribute('aria-labelledby'), box.querySelector('caption').textContent])"""


@pytest.mark.parametrize("fragment", ["", "#en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_whole_tables(name: str, fragment: str, browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages[name], fragment, viewport={"width": 390, "height": 844})
    assert [caption for section, caption in page.evaluate(TOO_WIDE) if CUT[name] not in section] == []


@pytest.mark.parametrize("name", NAMES)
def test_prints_on_a4(name: str, browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages[name])
    page.emulate_media(media="print")
    assert not page.locator("#id .language").is_visible()
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") in range(1, 16)
    assert b"[0 0 595" in printed or b"[0 0 594" in printed


def test_draws_quickly(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = show(browser, pages["report"])
    page.reload()
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    blank = browser.new_page()
    began = time.perf_counter()
    blank.set_content("<p>" + "x" * 200_000)
    assert timing < 20 * max((time.perf_counter() - began) * 1000, 50)
