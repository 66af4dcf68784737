"""Reports and Data Docs inside a real Airflow, as a user with a login meets them; and nobody without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, StorageState

from tests.airflow_services import Airflow

REPORT = "/gelombang/wave-0012/report"
#: Addresses of ours that Airflow serves, beside and inside its navigation.
OURS = ["/gelombang/", REPORT, "/gelombang/data-docs/", "/gelombang/wave-0012/data-docs/cohort/index.html"]
NAVIGATION = {"/gelombang/": "/plugin/gelombang", "/gelombang/data-docs/": "/plugin/gelombang-data-docs"}
#: Airflow's page loads a lot of script: on a busy machine that takes its time.
PATIENCE = 120_000


@pytest.fixture(scope="module")
def login(browser: Browser, server: Airflow) -> StorageState:
    """What the browser keeps after somebody who may only look has logged in by the form."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    page.wait_for_url("**/auth/login?**")
    page.fill("input[name=username]", "reader")
    page.fill("input[name=password]", "reader")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Browse").wait_for()
    return page.context.storage_state()


class Desk:
    """A page of somebody logged in; ``trouble`` gathers errors, and requests to anybody but the server."""

    def __init__(self, browser: Browser, server: Airflow, login: StorageState, language: str = "id-ID,id") -> None:
        self.url, self.trouble = server.url, list[str]()
        speaks = {"Accept-Language": language}
        self.page = browser.new_context(storage_state=login, extra_http_headers=speaks).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda m: self.trouble.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("response", lambda answer: self.trouble.append(answer.url) if answer.status >= 400 else None)
        self.page.on("request", lambda request: self._local(request.url))

    def _local(self, address: str) -> None:
        if not address.removeprefix("blob:").startswith((f"{self.url}/", "data:", "about:")):
            self.trouble.append(address)

    def frame(self, address: str) -> Frame:
        """Our page inside Airflow's, once it is there."""
        for _ in range(PATIENCE // 200):
            for frame in self.page.frames[1:]:
                if frame.url.split("#")[0] == self.url + address:
                    frame.wait_for_load_state()
                    return frame
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{address} did not open; there are {[frame.url for frame in self.page.frames]}")

    def open(self, address: str) -> Frame:
        """Opens an address of ours inside Airflow's navigation, by Airflow's own address for it."""
        inside = NAVIGATION.get(address, NAVIGATION["/gelombang/"])
        self.page.goto(self.url + inside + address)
        return self.frame(address)


@pytest.fixture
def desk(browser: Browser, server: Airflow, login: StorageState) -> Iterator[Desk]:
    made = Desk(browser, server, login)
    yield made
    made.page.context.close()


@pytest.mark.parametrize("address", OURS)
def test_nobody_without_a_login_reads_anything(address: str, browser: Browser, server: Airflow) -> None:
    page = browser.new_page()
    answer = page.goto(server.url + address)
    assert answer is not None
    assert answer.status == 401
    assert page.locator("body").inner_text().count("Gelombang") == 0
    page.goto(server.url + NAVIGATION.get(address, "/plugin/gelombang") + address)
    page.wait_for_url("**/auth/login?**", timeout=PATIENCE)
    assert len(page.frames) == 1


def test_the_navigation_leads_to_the_overview_and_on_to_a_report(desk: Desk) -> None:
    page = desk.page
    page.goto(desk.url)
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Gelombang", exact=True).click()
    overview = desk.frame("/gelombang/")
    assert overview.locator("#id svg[role=img]").count() >= 2
    overview.click("#id a[href='wave-0012/report.html']")
    report = desk.frame("/gelombang/wave-0012/report.html")
    assert report.locator("#id h1").inner_text() == "Gelombang 12"
    assert report.locator("#id svg[role=img]").count() >= 2
    box = report.locator("#id svg.funnel").bounding_box()
    assert box is not None
    assert box["height"] > 300
    assert page.url.endswith("/plugin/gelombang/gelombang/wave-0012/report.html")
    assert desk.trouble == []


def test_the_navigation_leads_to_data_docs(desk: Desk) -> None:
    desk.page.goto(desk.url)
    desk.page.get_by_role("button", name="Browse").click()
    desk.page.get_by_role("menuitem", name="Gelombang: Data Docs").click()
    contents = desk.frame("/gelombang/data-docs/")
    contents.click("#id a[href$='wave-0012/data-docs/inputs/index.html']")
    index = desk.frame("/gelombang/wave-0012/data-docs/inputs/index.html")
    assert "✔ passed" in index.locator("table").inner_text()
    index.get_by_role("link", name="result").click()
    index.wait_for_url("**/metrics-registrations.html")
    assert "set_aside_share" in index.locator("body").inner_text()
    assert index.locator("body").evaluate("b => getComputedStyle(b).maxWidth") != "none"  # its own style came along
    assert desk.trouble == []


def test_the_approval_forms_link_opens_the_report_alone(desk: Desk) -> None:
    from pipeline.publication.form import REPORT as LINK

    answer = desk.page.goto(desk.url + LINK.format(key="wave-0012"))
    assert answer is not None
    assert answer.status == 200
    assert desk.page.locator("#id h1").inner_text() == "Gelombang 12"
    assert desk.trouble == []


def test_whoever_reads_english_gets_english_and_may_change_it(
    browser: Browser, server: Airflow, login: StorageState
) -> None:
    desk = Desk(browser, server, login, "en-GB,en;q=0.9")
    report = desk.open(REPORT)
    assert report.locator("#en").is_visible()
    assert not report.locator("#id").is_visible()
    report.click("#en >> text=Bahasa Indonesia")
    assert report.locator("#id").is_visible()
    assert not report.locator("#en").is_visible()
    assert desk.trouble == []
    desk.page.context.close()


def test_language_switch_inside(desk: Desk) -> None:
    report = desk.open(REPORT)
    report.click("#id >> text=English")
    assert report.locator("#en").is_visible()
    assert not report.locator("#id").is_visible()
    report.click("#en >> text=Bahasa Indonesia")
    assert report.locator("#id").is_visible()
    assert desk.trouble == []


@pytest.mark.parametrize("address", OURS)
def test_fits_a_phone(desk: Desk, address: str) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    frame = desk.open(address)
    wide, room = frame.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert 250 < room <= 390
    assert wide <= room


@pytest.mark.parametrize("address", OURS)
def test_axe_finds_nothing_in_our_page(desk: Desk, address: str) -> None:
    page: Page | Frame = desk.open(address)
    for scheme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert [(scheme, v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []
