"""The reviewer's page in a real browser: keyboard alone, both languages, a phone, a screen reader, nothing fetched."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pipeline.commands.person.review import _listen
from pipeline.review.access_gate import AccessGate
from pipeline.review.app import make_app
from pipeline.review.cases import read_cases
from pipeline.review.decisions import Reviewing, ReviewSession
from pipeline.review.reviewers import Reviewers
from tests.unit import review_factory

pytestmark = pytest.mark.usefixtures("own_reviewers")


@dataclass
class Served:
    """A page that is being served."""

    session: ReviewSession
    token: str
    base: str

    def arrive(self, browser: Browser, lang: str = "en", **options: Any) -> tuple[Page, list[str]]:
        """Opens the printed address; the list gathers console messages, errors and requests that go elsewhere."""
        page = browser.new_context(**options).new_page()
        trouble: list[str] = []
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith(self.base) else None)
        page.goto(self.base)
        page.fill("#token", self.token)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert not [line for line in trouble if line.startswith("http")]
        trouble.clear()  # the browser's own words on 403, which asks for the token, and on a form without a user's name
        page.goto(f"{self.base}/?lang={lang}")
        return page, trouble

    @property
    def written(self) -> list[tuple[str, str, str]]:
        with self.session.path.open(encoding="utf-8", newline="") as file:
            return [(row["registration_id"], row["decision"], row["note"]) for row in csv.DictReader(file)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    store, wave = review_factory.make(tmp_path)
    reviewing, reviewers = Reviewing(store, wave), Reviewers(store.root)
    token, _ = reviewers.add("Ani")
    gate = AccessGate(reviewers)
    app = make_app(reviewing, read_cases(store, wave), review_factory.policy(), gate)
    with _listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield Served(reviewing.of("Ani"), token, f"http://127.0.0.1:{listening.getsockname()[1]}")
        server.should_exit = True
        thread.join(10)


def shows(page: Page, text: str) -> None:
    """The page says so, and listens to keys: it has been loaded with its script."""
    expect(page.get_by_text(text)).to_be_visible()
    page.wait_for_load_state()


def test_a_wave_is_reviewed_with_the_keyboard_alone(served: Served, browser: Browser) -> None:
    page, trouble = served.arrive(browser)
    shows(page, "case 1 of 3")
    shows(page, "0 of 3 decided")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Choose or write a reason.")  # a reason is required
    assert not served.session.path.exists()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    shows(page, "Saved: case 1 accepted.")
    shows(page, "case 2 of 3")
    shows(page, "There is no photograph.")

    page.keyboard.press("r")
    page.keyboard.press("2")
    page.keyboard.press("Tab")
    page.keyboard.type("Karena 1 dan A.")  # keys inside the text are text
    page.keyboard.press("Enter")
    shows(page, "case 3 of 3")
    shows(page, "2 of 3 decided")

    page.keyboard.press("ArrowLeft")
    shows(page, "Your decision: rejected.")
    page.keyboard.press("ArrowLeft")
    shows(page, "Your decision: accepted.")
    page.keyboard.press("r")  # corrects himself
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    shows(page, "case 3 of 3")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    page.keyboard.press("A")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    shows(page, "Nothing is waiting for you any more.")
    assert [(id_, decision) for id_, decision, _ in served.written] == [
        ("R1", "accept"),
        ("R2", "reject"),
        ("R1", "reject"),
        ("R3", "accept"),
    ]
    assert served.written[1][2] == "Cannot be told from these photographs. Karena 1 dan A."
    assert trouble == []


def test_the_token_is_never_in_an_address_and_the_form_can_be_read(served: Served, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(served.base)
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    page.get_by_label("Token peninjau").fill("wrong")
    page.get_by_role("button").click()
    expect(page.get_by_label("Token peninjau")).to_be_visible()
    page, _ = served.arrive(browser)
    assert urlsplit(page.url).query == "lang=en"
    assert served.token not in page.content()
    page.reload()
    expect(page.get_by_text("case 1 of 3")).to_be_visible()
    assert page.evaluate("document.cookie") == ""


def test_both_photographs_are_shown_side_by_side_and_enlarged(served: Served, browser: Browser) -> None:
    page, _ = served.arrive(browser, viewport={"width": 1280, "height": 900})
    first, second = page.get_by_role("img").all()
    assert first.evaluate("i => i.complete && i.naturalWidth") == 60
    a, b = first.bounding_box(), second.bounding_box()
    assert a is not None
    assert b is not None
    assert a["y"] == b["y"]
    assert a["x"] + a["width"] <= b["x"]
    assert a["y"] + a["height"] <= 900  # the pair is seen without scrolling
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Enlarge")).to_have_attribute("aria-pressed", "true")
    larger = first.bounding_box()
    assert larger is not None
    assert larger["width"] > 1.9 * a["width"]


def test_keys_can_be_switched_off(served: Served, browser: Browser) -> None:
    page, _ = served.arrive(browser)
    page.get_by_label("Keys:").uncheck()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("case 1 of 3")).to_be_visible()
    expect(page.get_by_role("dialog")).not_to_be_visible()
    page.reload()
    expect(page.get_by_label("Keys:")).not_to_be_checked()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_lost_connection_is_told_and_nothing_is_lost(served: Served, browser: Browser) -> None:
    page, _ = served.arrive(browser)
    page.keyboard.press("a")
    page.keyboard.press("1")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The decision was not saved.")
    page.context.set_offline(False)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved: case 1 accepted.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_axe_finds_nothing(lang: str, scheme: str, served: Served, browser: Browser) -> None:
    page, _ = served.arrive(browser, lang, color_scheme=scheme)
    expect(page.locator(f"html[lang={lang}]")).to_have_count(1)
    steps = {  # a pair, one without a reference, the dialog, its complaint
        "": ".pair img >> nth=1",
        "ArrowRight": ".absent",
        "r": "dialog#reject[open]",
        "Enter": "[role=alert]:visible:not(:empty)",
    }
    for key, shown in steps.items():
        if key:
            page.keyboard.press(key)
        expect(page.locator(shown)).to_be_visible()
        found = Axe().run(page)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []


@pytest.mark.parametrize("width", [320, 800, 1280])
def test_nothing_sticks_out(width: int, served: Served, browser: Browser) -> None:
    page, _ = served.arrive(browser, "id", viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("r")
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] <= 700
