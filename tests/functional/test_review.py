"""Doubtful photographs through the real commands: run, review, run again – and again after a correction."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.review.access_gate import CSRF
from pipeline.selfie.policy import BUILT_IN
from pipeline.selfie.recogniser import DEFAULT
from pipeline.storage.files import read_table
from tests.functional.conftest import WAVE, Finished, run

Row = dict[str, Any]


@pytest.fixture
def doubtful(finished: Finished, fresh_data: Path) -> Path:
    """A data root in which two of those who were accepted will be in doubt: one has no photograph in the register."""
    drawn = read_table(finished.data / "work" / f"wave-{WAVE:04d}" / "drawn.parquet").to_pylist()
    cohort = [row["registration_id"] for row in read_table(finished.out / "cohort.parquet").to_pylist()]
    reference = {row["registration_id"]: row["reference"] for row in drawn}[cohort[2]]
    (fresh_data / "extracts" / "photos" / reference).unlink()
    clean = [  # in doubt a defect rejects: only those without one are for a person to decide
        row["similarity"]
        for row in table(finished, "decisions")
        if row["outcome"] == "accepted" and not row["warnings"] and row["registration_id"] != cohort[2]
    ]
    match = min(value for value in clean if value > min(clean))
    built_in = (BUILT_IN / f"{DEFAULT}.toml").read_text()
    policy = re.sub(r"(?m)^match = .*$", f"match = {match}", built_in)
    (fresh_data / "careful.toml").write_text(policy)
    calendar = (fresh_data / "calendar.toml").read_text()
    (fresh_data / "calendar.toml").unlink()  # a link to the fixture's own
    (fresh_data / "calendar.toml").write_text(f'{calendar.rstrip()}\nselfie_policy = "careful.toml"\n')
    return fresh_data


def table(done: Finished, name: str) -> list[Row]:
    return list(read_table(done.out / f"{name}.parquet").to_pylist())


@contextmanager
def reviewing(data: Path, reviewer: str) -> Iterator[httpx.Client]:
    """`gelombang review`, as a person would start and end it."""
    gelombang = str(Path(sys.executable).with_name("gelombang"))
    given = [gelombang, "review", "--add-reviewer", reviewer, "--data", str(data)]
    token = subprocess.run(given, capture_output=True, text=True, check=True).stdout.split()[-1]
    command = [gelombang, "review", str(WAVE), "--data", str(data), "--language", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            printed = next(line for line in process.stdout if line.startswith("http://127.0.0.1:")).strip()
            with httpx.Client(base_url=printed.partition("/?")[0], timeout=60) as client:
                assert client.get("/").status_code == 403
                assert client.post("/sign-in", data={"token": token}).status_code == 303
                assert client.get(printed).status_code == 200
                yield client
        except BaseException:
            process.kill()  # a test that failed would wait for it for ever
            raise
        process.send_signal(signal.SIGINT)
        assert "Run the wave again" in process.communicate(timeout=120)[0]
        assert process.returncode == 0


def decide(client: httpx.Client, registration_id: str, decision: str) -> None:
    page = client.get("/find", params={"case": registration_id, "lang": "id"}, follow_redirects=True)
    shown = dict(re.findall(r'data-(selfie|reference|csrf|post)="([^"]*)"', page.text))
    answer: dict[str, Any] = {k: shown[k] or None for k in ("selfie", "reference")}
    if others := re.search(r'data-others="([^"]+)"', page.text):
        answer["others"] = [None if sha == "-" else sha for sha in others[1].split()]
    answer |= {"decision": decision, "note": "Orang yang sama." if decision == "accept" else "Orang yang berbeda."}
    assert client.post(shown["post"], json=answer, headers={CSRF: shown["csrf"]}).status_code == 200


def test_reviews_enter_with_the_next_run_in_draw_order(doubtful: Path):
    first = run(doubtful)
    assert first.code == 0, first.text
    waiting = {row["registration_id"]: row for row in table(first, "review")}
    unseen = [id_ for id_, row in waiting.items() if row["reasons"] == ["reference_missing"]]
    doubted = [id_ for id_, row in waiting.items() if row["similarity"] is not None]
    assert len(unseen) == 1
    assert doubted
    before = [row["registration_id"] for row in table(first, "cohort")]
    assert not set(before) & set(waiting)

    with reviewing(doubtful, "Ani") as client:
        for id_ in doubted:
            decide(client, id_, "accept")
        decide(client, unseen[0], "reject")
    second = run(doubtful)
    assert second.code == 0, second.text
    assert table(second, "review") == []
    decided = {row["registration_id"]: row for row in table(second, "decisions")}
    after = [row["registration_id"] for row in table(second, "cohort")]
    assert set(after) == {*before, *doubted}
    assert after == sorted(after, key=lambda id_: decided[id_]["position"])
    assert (decided[unseen[0]]["outcome"], decided[unseen[0]]["reviewed"]) == ("rejected", True)
    [refused] = [row for row in table(second, "rejections") if row["registration_id"] == unseen[0]]
    assert "could not confirm" in refused["message_en"]
    [notice] = [row for row in table(second, "notices") if row["registration_id"] == unseen[0]]
    assert "An officer looked at this application" in notice["email_en"]
    assert "will look" not in notice["email_en"]
    assert "automatic" not in notice["email_en"]

    with reviewing(doubtful, "Ani") as client:  # she looks again, and was wrong
        decide(client, unseen[0], "accept")
    third = run(doubtful)
    assert third.code == 0, third.text
    last = [row["registration_id"] for row in table(third, "cohort")]
    assert set(last) == {*after, unseen[0]}
    assert last == sorted(last, key=lambda id_: decided[id_]["position"])
    reviews = doubtful / "landing" / f"wave-{WAVE:04d}" / "reviews"
    assert len(list(reviews.glob("ani-*.csv"))) == 2
    assert len((reviews / "audit" / "decisions.jsonl").read_text().splitlines()) == len(doubted) + 2
