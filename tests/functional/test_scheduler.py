"""Waves under a real scheduler: a backfill in order, approval over the REST interface, forms, and runs kept apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page

from pipeline import stages
from pipeline.domain.run_ref import RunRef
from pipeline.draw import beacon
from pipeline.storage import wave_lock
from pipeline.storage.files import sha256, write_text
from pipeline.storage.paths import Store
from pipeline.wave_run.opening import open_wave
from tests.airflow_services import Airflow, airflow, wait_for
from tests.chromium import chromium
from tests.functional.conftest import run
from tests.waves import three_waves

TABLES = ("decisions", "cohort", "reserve", "rejections", "review", "retries", "reuploads")
DAG = "/dags/wave_cohort"


def drawn_by_a_beacon(store: Store) -> None:
    """Gives wave 3 the demonstration beacon instead of its seed, and opens it."""
    calendar = store.root / "calendar.toml"
    write_text(calendar.read_text().replace('seed = "three"', 'beacon = "demonstration"'), calendar)
    open_wave(store, store.calendar().wave(3), datetime.now().astimezone())


@pytest.fixture(scope="module")
def alerts() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook: its address, and what it was told."""
    came: list[dict[str, str]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came
    server.shutdown()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, alerts) -> Iterator[tuple[Airflow, Path, Path]]:
    """Airflow on three waves, and the same data root apart, where wave 1 was run by the command."""
    root = tmp_path_factory.mktemp("scheduler")
    store = three_waves(root / "data")
    drawn_by_a_beacon(store)
    shutil.rmtree(store.root / "work")
    apart = Path(shutil.copytree(store.root, root / "apart"))
    assert run(apart, wave=1).code == 0
    with airflow(
        root / "airflow",
        store.root,
        GELOMBANG_WAIT_SECONDS="10",
        GELOMBANG_APPROVERS='["analyst"]',
        GELOMBANG_TASK_RETRIES="0",
        GELOMBANG_ALERT__WEBHOOK=alerts[0],
    ) as running:
        wait_for("the DAG", lambda: running.call("GET", DAG).ok)
        yield running, store.root, apart


def runs(service: Airflow) -> list[dict[str, Any]]:
    return list(service.get(f"{DAG}/dagRuns?limit=100")["dag_runs"])


def states(service: Airflow, run_id: str) -> dict[str, str]:
    found = service.get(f"{DAG}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
    return {task["task_id"]: task["state"] for task in found}


def approval(service: Airflow, run_id: str) -> dict[str, Any] | None:
    """The form of a run that waits for its approver, once it can be answered.

    Until the scheduler has heard that the task's first half ended, an answer makes Airflow call the task failed. A
    person is not that quick, but on a busy machine a test is.
    """
    found = service.call("GET", f"{DAG}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails")
    if not found.ok or states(service, run_id).get("approve") != "awaiting_input":
        return None
    attempt = service.get(f"{DAG}/dagRuns/{run_id}/taskInstances/approve")["try_number"]
    key = f"task_id='approve', run_id='{run_id}', try_number={attempt},"
    with (service.home / "scheduler.log").open(encoding="utf-8", errors="replace") as log:
        heard = any("Received executor event with state success" in line and key in line for line in log)
    return dict(found.json()) if heard else None


def answer(service: Airflow, run_id: str, choice: str, decree: str = "", user: str = "analyst") -> int:
    """Answers the form."""
    path = f"{DAG}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
    body = {"chosen_options": [choice], "params_input": {"decree": decree, "removing": None, "note": ""}}
    return service.call("PATCH", path, user=user, **body).status_code


@contextmanager
def logged_in(service: Airflow, path: str, user: str) -> Iterator[Page]:
    """A page of the DAG, opened by somebody who logs in with the form."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{service.url}{DAG}{path}")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", user)
        page.keyboard.press("Enter")
        yield page


def click(service: Airflow, run_id: str, choice: str, decree: str = "") -> None:
    """Answers the form as a person does who looks at it: fills in the decree, nothing else, and presses a button."""
    with logged_in(service, f"/runs/{run_id}/tasks/approve/required_actions", "analyst") as page:
        page.get_by_role("link", name="Laporan lengkap gelombang ini").wait_for()
        page.fill("#element_decree", decree)
        page.get_by_role("button", name=choice, exact=True).click()
        page.get_by_text("response successful").wait_for()


def ended(service: Airflow, run_id: str, state: str) -> bool:
    found = service.get(f"{DAG}/dagRuns/{run_id}")["state"]
    assert found == state or found not in ("success", "failed"), (found, states(service, run_id))
    return bool(found == state)


def trigger(service: Airflow, **conf: Any) -> Any:
    return service.call("POST", f"{DAG}/dagRuns", logical_date=None, conf=conf)


def deliver_round(air: Airflow, data: Path, run_id: str) -> bytes:
    """Waits until the run waits for its round, and delivers it; the record of the list, which was frozen before."""
    wave = Store.at(data).calendar().wave(3)
    wait_for("the beacon", lambda: states(air, run_id).get("await_beacon") == "up_for_reschedule", 600)
    assert states(air, run_id)["draw"] in ("None", "none", None)
    frozen = (data / "published" / wave.key / "list" / "list.json").read_bytes()
    delivered = beacon.as_delivered(beacon.chain_of(wave), beacon.round_of(wave))
    write_text(delivered.decode(), data / beacon.landing_key(wave))
    return frozen


def test_a_backfill_makes_one_run_a_wave_in_order_also_with_a_beacon_and_gives_the_bytes_of_the_first_run(
    service,
) -> None:
    air, data, apart = service
    air.command("backfill", "create", "--dag-id", "wave_cohort", "--from-date", "2020-04-01", "--to-date", "2020-04-30")
    found = wait_for("three runs", lambda: rs if len(rs := runs(air)) == 3 else None)
    by_wave = {r["partition_key"]: r["dag_run_id"] for r in found}
    assert sorted(by_wave) == ["wave-0001", "wave-0002", "wave-0003"]
    for number, key in enumerate(sorted(by_wave), 1):
        if number == 3:
            frozen = deliver_round(air, data, by_wave[key])
        form = wait_for(f"approval of {key}", partial(approval, air, by_wave[key]), 600)
        assert f"/gelombang/{key}/report" in form["body"]
        for later in sorted(by_wave)[number:]:  # none of them has begun
            assert states(air, by_wave[later])["prepare"] in ("None", "none", None)
        assert answer(air, by_wave[key], "Approve", f"SK-{number}", user="admin") == 403  # not an approver
        if number == 3:
            click(air, by_wave[key], "Approve", f"SK-{number}")
        else:
            assert answer(air, by_wave[key], "Approve", f"SK-{number}") == 200
        wait_for(f"{key} published", partial(ended, air, by_wave[key], "success"))
        record = json.loads((data / "published" / key / "rev-1" / "publication.json").read_text())
        assert (record["decree"], record["sequence"], record["approval"]["by"]) == (f"SK-{number}", number, "analyst")
    assert (data / "published" / "wave-0003" / "list" / "list.json").read_bytes() == frozen
    assert (data / "published" / "wave-0003" / "rev-1" / "public" / "outcomes.csv").is_file()
    for table in TABLES:
        path = f"waves/wave-0001/{table}.parquet"
        assert sha256(data / path) == sha256(apart / path)
    assert not list((data / "work").glob("*.lock"))
    wait_for("the overview", lambda: (data / "waves" / "overview.html").is_file())
    assert len(runs(air)) == 3  # the years between the last of them and now start nothing


def published(data: Path) -> dict[Path, str]:
    """Every published table and its hash."""
    return {path: sha256(path) for path in sorted((data / "published").rglob("*.parquet"))}


@pytest.fixture(scope="module")
def own_approval(service) -> tuple[str, dict[Path, str]]:
    """A run of wave 2 whose starter approved it, ended; and what was published before."""
    air, data, _ = service
    before = published(data)
    conf = {"wave": 2, "quota": 25, "out_of_order": True}
    run = air.call("POST", f"{DAG}/dagRuns", user="analyst", logical_date=None, conf=conf).json()["dag_run_id"]
    wait_for("the form", lambda: approval(air, run), 600)
    second = trigger(air, wave=2).json()["dag_run_id"]
    wait_for("the second run", lambda: ended(air, second, "failed"))
    log = air.call("GET", f"{DAG}/dagRuns/{second}/taskInstances/hold_wave/logs/1?map_index=-1").text
    assert f"held by {run}" in log
    assert answer(air, run, "Approve", "SK-9") == 200
    wait_for("the end", partial(ended, air, run, "failed"))
    return run, before


def test_a_form_starts_a_wave_another_run_of_it_is_refused_and_its_starter_cannot_approve_it(
    service, own_approval
) -> None:
    air, data, _ = service
    run, before = own_approval
    log = air.call("GET", f"{DAG}/dagRuns/{run}/taskInstances/publish/logs/1?map_index=-1").text
    assert "analyst started the run of wave 2 and cannot approve its cohort" in log
    assert published(data) == before
    assert not list((data / "work").glob("*.lock"))


def press_clear(service: Airflow, run_id: str) -> None:
    """Clears a whole run as a person does who looks at it in the page."""
    with logged_in(service, f"/runs/{run_id}", "admin") as page:
        page.get_by_role("button", name="Press shift+c to clear").click()  # its label where the hot key works
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("button", name="Confirm").wait_for(state="detached")


def test_clear_runs_a_whole_run_or_a_task_once_more_and_rejecting_changes_nothing(service, own_approval) -> None:
    """The runbook's recipes: by the button in the page for a run, over REST for a task and what follows it."""
    air, data, _ = service
    run, before = own_approval
    cohort = sha256(data / "waves" / "wave-0002" / "cohort.parquet")

    press_clear(air, run)
    wait_for("the form again", lambda: approval(air, run), 600)
    click(air, run, "Reject")
    wait_for("the end again", lambda: ended(air, run, "success"))
    assert states(air, run)["publish"] == "skipped"
    assert sha256(data / "waves" / "wave-0002" / "cohort.parquet") == cohort

    body = {"dag_run_id": run, "task_ids": ["decide"], "include_downstream": True, "only_failed": False}
    cleared = air.call("POST", f"{DAG}/clearTaskInstances", **body, dry_run=False)
    assert cleared.ok, cleared.text
    wait_for("the form a third time", lambda: approval(air, run), 600)
    assert answer(air, run, "Reject") == 200
    wait_for("the last end", lambda: ended(air, run, "success"))
    assert sha256(data / "waves" / "wave-0002" / "cohort.parquet") == cohort
    assert published(data) == before
    assert not list((data / "work").glob("*.lock"))


def test_a_wrong_wave_is_refused(service) -> None:
    air, data, _ = service
    assert trigger(air, wave=0).status_code == 400
    assert trigger(air, wave="two").status_code == 400
    unknown = trigger(air, wave=77).json()["dag_run_id"]
    assert unknown.startswith("manual__wave-0077__")
    wait_for("the run", lambda: ended(air, unknown, "failed"))
    log = air.call("GET", f"{DAG}/dagRuns/{unknown}/taskInstances/hold_wave/logs/1?map_index=-1").text
    assert "The calendar has no wave 77" in log
    assert not (data / "work" / "wave-0077").exists()


def test_no_form_and_no_call_names_a_data_root_or_the_run_that_holds_a_wave(service) -> None:
    """With these fields anybody who may start a run fetched any address, and took another run's wave."""
    air, data, _ = service
    asked: list[str] = []

    class Anywhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    stages.hold_wave(str(data), 3, "somebody", alone=False)
    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), Anywhere)
    Thread(target=elsewhere.serve_forever, daemon=True).start()
    try:
        given = {"data": f"http://127.0.0.1:{elsewhere.server_port}/data", "run": "somebody"}
        for name, value in given.items():
            run = trigger(air, wave=3, **{name: value}).json()["dag_run_id"]
            wait_for("the run", partial(ended, air, run, "failed"))
            log = air.call("GET", f"{DAG}/dagRuns/{run}/taskInstances/hold_wave/logs/1?map_index=-1").text
            assert f"The run was started with {name}, which no form has" in log
        assert asked == []
        assert "somebody" in (data / "work" / "wave-0003.lock").read_text()
    finally:
        elsewhere.shutdown()
        stages.release_wave(RunRef(str(data), 3, "somebody"))


def test_a_backfill_that_failed_is_backfilled_again_and_each_failure_is_told(service, alerts) -> None:
    """Each backfill makes a run of its own, and the one before stays to be looked at."""
    air, data, _ = service
    store = Store.at(data)
    wave = store.calendar().wave(1)
    wave_lock.take(store, wave, wave_lock.Holder("somebody"))
    try:
        failed = [backfilled(air, behaviour) for behaviour in ("completed", "failed")]
    finally:
        wave_lock.release(store, wave, "somebody")
    assert len(set(failed)) == 2
    assert {r["state"] for r in runs(air) if r["dag_run_id"] in failed} == {"failed"}
    for name in failed:
        told = wait_for("the alert", partial(alert_of, alerts[1], name))
        assert (told["dag"], told["task"], told["wave"]) == ("wave_cohort", "hold_wave", "wave-0001")
        assert "held by somebody" in told["error"]


def alert_of(came: list[dict[str, str]], run: str) -> dict[str, str] | None:
    return next((one for one in came if one["run"] == run), None)


def backfilled(service: Airflow, behaviour: str) -> str:
    """The run of wave 1 that a backfill makes, once it has failed and the backfill has ended."""
    before = {r["dag_run_id"] for r in runs(service)}
    dates = ("--from-date", "2020-04-16", "--to-date", "2020-04-16")
    service.command("backfill", "create", "--dag-id", "wave_cohort", *dates, "--reprocess-behavior", behaviour)
    [run] = wait_for("another run", lambda: {r["dag_run_id"] for r in runs(service)} - before)
    assert run.startswith("backfill__wave-0001__")
    wait_for("the failed run", partial(ended, service, run, "failed"))
    wait_for("the end of the backfill", lambda: not unfinished_backfills(service), 300)
    return run


def unfinished_backfills(service: Airflow) -> list[Any]:
    found = service.get("/backfills?dag_id=wave_cohort")["backfills"]
    return [one for one in found if one["completed_at"] is None]
