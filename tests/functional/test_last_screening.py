"""The last screening before publication, where only a person can decide: what its applicant and its reviewer see."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.reports.messages.letters import texts, write_letter
from pipeline.reports.wave_states import newest, state_sentences
from pipeline.review.cases import read_cases
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from tests.waves import publish, run_wave, three_waves

Row = dict[str, Any]


def rows(path: Path, id_: str) -> list[Row]:
    return [row for row in read_table(path).to_pylist() if row["registration_id"] == id_]


def explained(data: Path, id_: str) -> str:
    """What `gelombang explain` says of an application, on one line."""
    arguments = ["explain", "1", id_, "--data", str(data), "--language", "en"]
    return " ".join(CliRunner().invoke(app, arguments).output.split())


def second_holder(data: Path, nik: str) -> None:
    """A register of after the closing day that gives a NIK to somebody else too."""
    parts = sorted((data / "extracts/population").glob("asof=*/*.parquet"))
    whole = pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])
    found: list[Row] = whole.to_pylist()
    [holder] = [row for row in found if row["nik"] == nik]
    other = {**holder, "full_name": "Someone Else Entirely", "birth_date": date(1981, 2, 3)}
    table = pa.Table.from_pylist(sorted([*found, other], key=lambda row: row["nik"]), schema=whole.schema)
    write_table(table, data / "extracts/population/asof=2020-05-01/part-000.parquet", table.schema)


def settled(data: Path, id_: str, decision: str) -> None:
    """A reviewer's decision, delivered as a file."""
    folder = data / "landing/wave-0001/reviews"
    folder.mkdir(parents=True, exist_ok=True)
    line = f"{id_},{decision},Dewi,2020-05-03T10:00:00+07:00,"
    (folder / "dewi.csv").write_text(f"registration_id,decision,reviewer,decided_at,note\n{line}\n")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Wave 1, published; the newest register gives the NIK of one accepted person to two people."""
    data = three_waves(tmp_path_factory.mktemp("published") / "data").root
    run = run_wave(data, 1)
    someone = read_table(data / "waves/wave-0001/cohort.parquet").to_pylist()[3]
    second_holder(data, someone["nik"])
    publish(run)
    return data, someone["registration_id"]


@pytest.fixture
def taken_out(published: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """That wave in a folder of the test, and the person."""
    data, id_ = published
    return shutil.copytree(data, tmp_path / "data"), id_


def test_whose_place_waits_for_a_person_reads_that_and_gets_it_back_from_the_reviewer(
    taken_out: tuple[Path, str],
) -> None:
    data, id_ = taken_out
    revision = data / "published/wave-0001/rev-1"
    [change] = rows(revision / "changes.parquet", id_)
    assert (change["change"], change["reasons"]) == ("removed", ["shared_nik"])
    assert change["message_en"] == "An officer has to look at this NIK before a place is given."
    [letter] = rows(revision / "notices.parquet", id_)
    assert letter["outcome"] == "review"
    assert letter["subject_en"] == "An officer is looking at your application to wave 1"
    page = explained(data, id_)
    assert "An officer has to look at this NIK before a place is given." in page
    assert " ".join(letter["email_en"].split()) in page
    store = Store.at(data)
    wave = store.calendar().wave(1)
    [case] = [case for case in read_cases(store, wave) if case.registration_id == id_]
    assert case.reasons == ["shared_nik"]
    settled(data, id_, "accept")
    again = run_wave(data, 1, run="again")
    publish(again, decree="SK-2")
    assert rows(data / "published/wave-0001/rev-2/cohort.parquet", id_)
    changes = rows(data / "published/wave-0001/rev-2/changes.parquet", id_)
    [change] = [row for row in changes if row["change"] == "added"]
    assert (change["against"], change["reasons"]) == ("revision", None)


def test_after_letters_are_deleted_too_nobody_is_told_that_a_waiting_place_was_refused(
    taken_out: tuple[Path, str],
) -> None:
    data, id_ = taken_out
    revision = data / "published/wave-0001/rev-1"
    [change] = rows(revision / "changes.parquet", id_)
    assert change["outcome"] == "review"
    (revision / "notices.parquet").unlink()
    page = explained(data, id_)
    body = write_letter(Store.at(data).calendar().wave(1), "review", ["shared_nik"], None, matched=True).email["en"]
    assert body.splitlines()[0] in page
    assert "We could not accept" not in page


def test_the_state_of_a_wave_says_that_people_wait_for_an_officer(published: tuple[Path, str]) -> None:
    store = Store.at(published[0])
    wave = store.calendar().wave(1)
    found = newest(store, wave.key)
    assert found is not None
    assert found.waiting == 1
    assert "Some of those removed wait for an officer's decision." in state_sentences(found, "en")


def test_a_reviewer_who_refuses_is_named_as_the_reason(taken_out: tuple[Path, str]) -> None:
    data, id_ = taken_out
    settled(data, id_, "reject")
    publish(run_wave(data, 1, run="again"), decree="SK-2")
    revision = data / "published/wave-0001/rev-2"
    [change] = [row for row in rows(revision / "changes.parquet", id_) if row["against"] == "run"]
    assert change["message_en"] == "An officer looked at this NIK and could not confirm that it is yours."
    [letter] = rows(revision / "notices.parquet", id_)
    assert letter["outcome"] == "rejected"
    by_an_officer = str(texts()["closing"]["reviewed_en"])
    assert by_an_officer in letter["email_en"]
    assert change["reviewed"] is True
    (revision / "notices.parquet").unlink()  # as when its time is over
    page = explained(data, id_)
    assert by_an_officer in page
    assert "This decision was made automatically" not in page


def test_a_revision_from_before_changes_said_who_decided_is_still_explained(taken_out: tuple[Path, str]) -> None:
    data, id_ = taken_out
    revision = data / "published/wave-0001/rev-1"
    (revision / "notices.parquet").unlink()
    changes = read_table(revision / "changes.parquet").drop_columns(["outcome", "reviewed"])
    write_table(changes, revision / "changes.parquet", changes.schema)
    assert "This decision was made automatically" in explained(data, id_)
