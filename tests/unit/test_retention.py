"""`gelombang purge`: what is due, what never goes, a line in the record for each, and a kill in the middle."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipeline import periodic_tasks
from pipeline.cli import app
from pipeline.domain.contracts import CHANGES, REVIEW
from pipeline.domain.settings import RetentionSettings
from pipeline.publication import retention
from pipeline.record import log
from pipeline.storage import wave_lock
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.stores import memory_store, own_machine

PERIODS = RetentionSettings(photographs_days=30, work_days=20, logs_days=10, letters_days=40)
CALENDAR = """
[defaults]
seed = "x"
[[wave]]
number = 1
opens = 2026-01-05T00:00:00
closes = 2026-01-08T23:59:59
quota = 5
[[wave]]
number = 2
opens = 2026-01-12T00:00:00
closes = 2026-01-15T23:59:59
quota = 5
"""
CLOSED = date(2026, 1, 8)


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Wave 1 is published, wave 2 is not; both have photographs, work and logs."""
    root = tmp_path / "data"
    root.mkdir()
    (root / "calendar.toml").write_text(CALENDAR)
    for key in ("wave-0001", "wave-0002"):
        for name in (f"landing/{key}/selfies/a.jpg", f"landing/{key}/registrations/a.csv", f"work/{key}/plan.json",
                     f"work/{key}/verdicts/a.parquet", f"work/{key}.log", f"work/{key}.costs.jsonl",
                     f"waves/{key}/decisions.parquet", f"waves/{key}/eligible.txt", f"waves/{key}/notices.csv",
                     f"waves/{key}/notices.parquet", f"waves/{key}/letters.csv",
                     f"waves/{key}/retries.parquet"):  # fmt: skip
            write(root / name)
    write(root / "published/wave-0001/rev-1/cohort.parquet")
    write(root / "published/wave-0001/rev-1/notices.parquet")
    write(root / "work/verdict-cache/a.jsonl")
    write(root / "work/verdict-cache/wave-0001/a.sealed")
    return Store.at(root)


def due(store: Store, days: int) -> list[tuple[int | None, str, int]]:
    return [(o.wave, o.what, o.files) for o in retention.due(store, PERIODS, CLOSED + timedelta(days=days))]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (10, []),
        (11, [(1, "logs", 2)]),
        (21, [(1, "work", 3), (1, "logs", 2)]),
        (31, [(1, "photographs", 1), (1, "work", 3), (1, "logs", 2)]),
        (41, [(1, "photographs", 1), (1, "work", 3), (1, "letters", 4), (1, "logs", 2)]),
        (5000, [(1, "photographs", 1), (1, "work", 3), (1, "letters", 4), (1, "logs", 2)]),
    ],
)
def test_each_kind_has_its_period_and_a_wave_that_is_not_published_keeps_everything(
    store: Store, days: int, expected: list[tuple[int, str, int]]
):
    assert due(store, days) == expected


def test_a_wave_that_a_run_holds_keeps_everything(store: Store):
    wave_lock.take(store, store.calendar().wave(1), wave_lock.Holder("a run"))
    assert due(store, 5000) == []


def test_what_is_due_goes_with_a_line_for_each_and_nothing_else(store: Store):
    before = {path for path in store.root.rglob("*") if path.is_file()}
    found = retention.due(store, PERIODS, CLOSED + timedelta(days=31))
    retention.purge(store, found)
    gone = before - set(store.root.rglob("*"))
    assert {store.key(path) for path in gone} == {
        "landing/wave-0001/selfies/a.jpg", "work/wave-0001/plan.json", "work/wave-0001/verdicts/a.parquet",
        "work/wave-0001.log", "work/wave-0001.costs.jsonl", "work/verdict-cache/wave-0001/a.sealed",
    }  # fmt: skip
    lines = log.entries(store, 1, "deleted")
    assert [(line.facts["what"], line.facts["n"], line.facts["bytes"]) for line in lines] == [
        ("photographs", 1, 5), ("work", 3, 15), ("logs", 2, 10)
    ]  # fmt: skip
    assert due(store, 31) == []


def test_killed_in_the_middle_it_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch):
    found = retention.due(store, PERIODS, CLOSED + timedelta(days=31))
    cut = replace(found[1], paths=(store.root / "work/wave-0001/verdicts",))
    retention.purge(store, [found[0], cut])
    assert due(store, 31) == [(1, "work", 2), (1, "logs", 2)]
    retention.purge(store, retention.due(store, PERIODS, CLOSED + timedelta(days=31)))
    assert due(store, 31) == []


def test_a_link_is_removed_and_what_it_leads_to_stays(store: Store, tmp_path: Path):
    outside = write(tmp_path / "outside" / "b.jpg")
    (store.root / "landing/wave-0001/selfies/link.jpg").symlink_to(outside)
    (store.root / "landing/wave-0001/selfies/folder").symlink_to(outside.parent)
    retention.purge(store, retention.due(store, PERIODS, CLOSED + timedelta(days=31)))
    assert outside.is_file()


def test_the_command_says_first_what_it_would(store: Store):
    dry = CliRunner().invoke(app, ["purge", "--data", str(store.root), "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.exception
    assert (store.root / "work/wave-0001/plan.json").is_file()
    assert log.entries(store, None, "deleted") == []
    told = json.loads(dry.stdout)
    assert all(row.keys() == {"wave", "what", "since", "files", "bytes", "waiting"} for row in told)
    refused = CliRunner().invoke(app, ["purge", "--data", str(store.root), "--language", "en"], input="n\n")
    if told:  # the periods of the settings are counted from today
        assert refused.exit_code == 1
    done = CliRunner().invoke(app, ["purge", "--data", str(store.root), "--yes", "--language", "en"])
    assert done.exit_code == 0, done.exception
    assert len(log.entries(store, None, "deleted")) == len(told)


def objection(store: Store, number: int, decided: str | None, wave: str = "wave-0001") -> None:
    """An objection with a letter, as ``pipeline/review`` leaves it."""
    folder = store.root / f"landing/{wave}/objections/{number:04d}"
    write(folder / "evidence.jpg")
    (folder / "objection.json").write_text("{}")
    if decided:
        (folder / "decision.json").write_text(json.dumps({"decision": "rejected", "at": f"{decided}T09:00:00+07:00"}))


def test_what_came_with_an_objection_goes_a_period_after_the_decision_and_what_was_decided_stays(store: Store):
    objection(store, 1, "2026-02-01")
    objection(store, 2, "2026-02-10")
    objection(store, 3, None)
    objection(store, 1, "2026-02-01", "wave-0002")  # which is not published
    periods = RetentionSettings(objections_days=30)
    asked = {day: retention.due(store, periods, date(2026, 3, day)) for day in (3, 4, 13)}
    assert asked[3] == []
    [due] = asked[4]
    assert (due.wave, due.what, due.since, due.files) == (1, "objections", date(2026, 3, 3), 1)
    [due] = asked[13]
    retention.purge(store, [due])
    left = sorted(store.key(path) for path in store.root.rglob("objections/*/*"))
    gone = {f"landing/wave-0001/objections/000{n}/evidence.jpg" for n in (1, 2)}
    assert gone.isdisjoint(left)
    assert "landing/wave-0001/objections/0003/evidence.jpg" in left
    assert len(left) == 9
    [line] = log.entries(store, 1, "deleted")
    assert (line.facts["what"], line.facts["n"], set(line.facts["paths"])) == ("objections", 2, gone)
    assert retention.due(store, periods, date(2026, 3, 13)) == []


def review_waits(root: Path, *ids: str) -> None:
    """The run of wave 1 left these applications to an officer."""
    rows = [{"registration_id": id_, "reasons": []} for id_ in ids]
    write_table(pa.Table.from_pylist(rows, schema=REVIEW), root / "waves/wave-0001/review.parquet", REVIEW)


def last_screening_waits(root: Path, *ids: str) -> None:
    """The last screening of wave 1 left these to an officer, and refused another one."""
    rows = [{"against": "run", "registration_id": id_, "change": "removed", "outcome": "review"} for id_ in ids]
    rows.append({"against": "run", "registration_id": "refused", "change": "removed", "outcome": "rejected"})
    path = root / "published/wave-0001/rev-1/changes.parquet"
    write_table(pa.Table.from_pylist(rows, schema=CHANGES), path, CHANGES)


def kept_and_gone(store: Store) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """What is kept, for how many cases and objections, and what goes."""
    found = retention.due(store, PERIODS, CLOSED + timedelta(days=41))
    kept = {one.what: (one.waiting.cases, one.waiting.objections) for one in found if one.waiting}
    retention.purge(store, found)
    return kept, [line.facts["what"] for line in log.entries(store, 1, "deleted")]


@pytest.mark.parametrize("waits", [review_waits, last_screening_waits])
def test_what_an_open_case_is_decided_by_stays_until_a_result_has_the_decision(
    store: Store, waits: Callable[..., None]
):
    waits(store.root, "R1")
    assert kept_and_gone(store) == ({"photographs": (1, 0), "work": (1, 0)}, ["letters", "logs"])
    assert (store.root / "landing/wave-0001/selfies/a.jpg").is_file()
    assert (store.root / "work/wave-0001/verdicts/a.parquet").is_file()
    waits(store.root)
    assert kept_and_gone(store) == ({}, ["letters", "logs", "photographs", "work"])


def test_a_case_that_the_run_and_the_last_screening_left_open_is_one(store: Store):
    review_waits(store.root, "R1")
    last_screening_waits(store.root, "R1")
    assert kept_and_gone(store)[0] == {"photographs": (1, 0), "work": (1, 0)}


def test_an_open_objection_keeps_what_it_is_decided_by(store: Store):
    objection(store, 1, "2026-02-01")
    objection(store, 2, None)
    assert kept_and_gone(store) == ({"photographs": (0, 1), "work": (0, 1)}, ["letters", "logs"])
    objection(store, 2, "2026-02-10")
    assert kept_and_gone(store)[0] == {}


@pytest.fixture
def long_ago(store: Store) -> Path:
    """The same, years ago: by the periods of the settings everything is due."""
    (store.root / "calendar.toml").write_text(CALENDAR.replace("2026", "2020"))
    return store.root


@pytest.mark.parametrize("how", ["--dry-run", "--yes"])
def test_the_command_says_which_wave_is_kept_why_and_how_many_wait(long_ago: Path, how: str):
    last_screening_waits(long_ago, "R1")
    objection(Store.at(long_ago), 1, None)
    asked = ["purge", "--data", str(long_ago), "--language", "en", how]
    told = CliRunner().invoke(app, [*asked, "--json"])
    kept = {row["what"]: row["waiting"] for row in json.loads(told.stdout)}
    waits = {"cases": 1, "objections": 1}
    assert kept == {"photographs": waits, "work": waits, "letters": None, "logs": None}
    said = " ".join(CliRunner().invoke(app, asked).output.split())
    assert (
        "Wave 1 keeps: selfies, work of runs. Waiting for an officer, or for the next run to put the decision into "
        "effect: cases 1, objections 1 (gelombang review 1)." in said
    )
    assert (long_ago / "landing/wave-0001/selfies/a.jpg").is_file()
    assert (long_ago / "waves/wave-0001/notices.csv").is_file() is (how == "--dry-run")


def test_the_weekly_task_counts_what_it_keeps(long_ago: Path):
    review_waits(long_ago, "R1", "R2")
    assert periodic_tasks.purge(str(long_ago)) == {"deleted_files": 6, "kept_files": 4, "waiting_people": 2}


def test_a_root_elsewhere_keeps_it_too(long_ago: Path, tmp_path: Path):
    review_waits(long_ago, "R1")
    last_screening_waits(long_ago, "R1", "R2")
    with memory_store() as url, own_machine(tmp_path):
        fs, root = fsspec.core.url_to_fs(url)
        fs.put(f"{long_ago}/", root, recursive=True)
        store = Store.at(url)
        assert kept_and_gone(store) == ({"photographs": (2, 0), "work": (2, 0)}, ["letters", "logs"])
