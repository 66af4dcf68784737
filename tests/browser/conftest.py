"""A real Chromium, offline, and a report of a made-up wave to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from checks.gate import judge
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.overview import write_overview
from pipeline.reports.wave_report import write_report
from pipeline.storage.files import write_text
from pipeline.what_if import answer_page
from pipeline.what_if.answer import answer
from pipeline.what_if.question import AS_RUN, ask
from tests.airflow_services import Airflow, airflow
from tests.chromium import chromium
from tests.unit import wave_factory

expect.set_options(timeout=30_000)  # whole waves run beside: what is waited for may take long, and must come


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_page_stays_open(browser: Browser) -> Iterator[None]:
    """Each page is a process: those of hundreds of tests would take all memory."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """``report`` (simulated, with a wave before it), ``overview`` and ``what_if``; Data Docs beside them."""
    root = tmp_path_factory.mktemp("pages")
    found: dict[str, Path] = {}
    for number, n in ((11, 6000), (12, 20_000)):
        wave = wave_factory.wave(number, quota=600)
        store = wave_factory.make(root, wave, n=n, seed=number, truth=number == 12)
        write_funnel(store, wave)
        write_report(store, wave)
        store.out(wave).parent.mkdir(exist_ok=True)
        (store.work(wave) / "out").rename(store.out(wave))
        judge({"registrations": {"set_aside_share": 0.01}}, store.work(wave) / "data_docs" / "inputs")
        judge({"cohort": {"rank_gaps": 0.0}}, store.work(wave) / "data_docs" / "cohort")
        found["report"] = store.out(wave) / "report.html"
    found["overview"] = write_overview(store)
    rules = [{"code": code} for code in ("email_unverified", "bansos_recipient", "already_accepted")]
    terms = {"rules": rules, **{name: getattr(wave, name) for name in AS_RUN}}
    terms |= {"wave": wave.number, "opens": wave.opens.isoformat(), "closes": wave.closes.isoformat()}
    question = ask(terms, quota=900, without=["bansos_recipient"], seeds=100)
    found["what_if"] = write_text(answer_page.render(answer(store, question)), root / "what_if.html")
    return found


@pytest.fixture(scope="session")
def server(pages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """A real Airflow whose plugin shows those pages. Nothing runs in it: no scheduler is needed."""
    data = pages["overview"].parents[1]
    with airflow(tmp_path_factory.mktemp("airflow"), data, parts=("api-server",)) as running:
        yield running
