"""Approval to publication: the last screening, revisions, the ledger, and what may never happen."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipeline import stages
from pipeline.cli import app
from pipeline.domain import contracts, errors
from pipeline.domain.run_ref import FinishedRun, RunRef
from pipeline.domain.settings import settings
from pipeline.inspection.integrity import integrity
from pipeline.publication import revision
from pipeline.publication.removals import agreed
from pipeline.publication.rescreen import Rescreened
from pipeline.record import log
from pipeline.runtime.system_user import user_name
from pipeline.storage.files import read_table, sha256, write_json, write_table
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from tests.waves import publish, run_wave, three_waves


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_waves(tmp_path_factory.mktemp("three") / "data").root


@pytest.fixture
def data(untouched: Path, tmp_path: Path) -> Path:
    shutil.copytree(untouched, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def ran_once(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Wave 1, run and not yet published; no test changes it."""
    return run_wave(shutil.copytree(untouched, tmp_path_factory.mktemp("ran") / "data"), 1)


@pytest.fixture
def job(ran_once: FinishedRun, data: Path) -> FinishedRun:
    """That run in the data root of the test."""
    shutil.copytree(ran_once.run.data, data, dirs_exist_ok=True)
    return replace(ran_once, run=replace(ran_once.run, data=str(data)))


def niks(path: Path) -> list[str]:
    return [str(nik) for nik in read_table(path, ["nik"])["nik"].to_pylist()]


def blacklist(data: Path, people: list[str], since: date, asof: str = "2020-05-01") -> None:
    """A newer blacklist, delivered after the waves closed."""
    old = [pq.read_table(p, partitioning=None) for p in sorted((data / "extracts/blacklist").glob("asof=*/*.parquet"))]
    new = pa.table({"nik": people, "reason": ["data ganda"] * len(people), "since": [since] * len(people)})
    whole = pa.concat_tables([*[t.cast(contracts.BLACKLIST) for t in old], new.cast(contracts.BLACKLIST)])
    write_table(whole, data / "extracts/blacklist" / f"asof={asof}" / "part-000.parquet", contracts.BLACKLIST)


def record(data: Path, wave: int, revision: int) -> dict[str, Any]:
    return dict(json.loads((data / f"published/wave-{wave:04d}/rev-{revision}/publication.json").read_text()))


def files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_audit_of_a_wave_that_is_run_again_does_not_accuse_what_was_published_before(
    data: Path, job: FinishedRun
) -> None:
    publish(job)
    calendar = data / "calendar.toml"
    calendar.write_text(calendar.read_text().replace('seed = "one"', 'seed = "another"'))
    again = run_wave(data, 1)
    store = Store.at(data)
    wave = store.calendar().wave(1)
    assert integrity(store, wave) == []
    with pytest.raises(errors.ManyRemovedError, match=r"16 of the 55 people .* no reason 15"):
        publish(again, decree="SK-2")
    publish(run_wave(data, 1), decree="SK-2", removing=16)
    assert integrity(store, wave) == []
    write_json({**record(data, 1, 1), "decree": "SK-0"}, data / "published/wave-0001/rev-1/publication.json")
    assert [found.where for found in integrity(store, wave)] == ["published/wave-0001/rev-1/publication.json"]


def test_three_waves_in_order_and_nobody_holds_two_places(data: Path) -> None:
    for wave in (1, 2, 3):
        publish(run_wave(data, wave), decree=f"SK-{wave}")
    ledger = read_table(data / "published/wave-0003/rev-1/ledger.parquet").to_pylist()
    assert len({row["nik"] for row in ledger}) == len(ledger) > 60
    assert {row["wave"] for row in ledger} == {1, 2, 3}
    assert [record(data, w, 1)["sequence"] for w in (1, 2, 3)] == [1, 2, 3]
    listed = CliRunner().invoke(app, ["waves", "--language", "en", "--data", str(data)]).output
    assert listed.count("published rev-1") == 3
    someone = read_table(data / "waves/wave-0001/cohort.parquet")["registration_id"][0].as_py()
    proved = CliRunner().invoke(app, ["prove", "1", f" {someone} ", "--data", str(data)])  # pasted with its blanks
    assert json.loads(proved.output)["registration_id"] == someone
    assert record(data, 2, 1)["decree"] == "SK-2"
    earlier = read_table(data / "waves/wave-0002/decisions.parquet").to_pylist()
    assert sum("already_accepted" in row["reasons"] for row in earlier) > 0


def test_the_last_screening_takes_out_who_was_blacklisted_since_and_leaves_the_run_as_it_was(
    data: Path, job: FinishedRun
) -> None:
    before = files(data / "waves/wave-0001")
    out = niks(data / "waves/wave-0001/cohort.parquet")[:3]
    blacklist(data, out, date(2020, 5, 1))
    publish(job)
    kept = niks(data / "published/wave-0001/rev-1/cohort.parquet")
    assert not set(out) & set(kept)
    changes = read_table(data / "published/wave-0001/rev-1/changes.parquet").to_pylist()
    gone = [row for row in changes if row["change"] == "removed"]
    assert len([row for row in gone if "blacklisted" in row["reasons"]]) == 3
    assert all(row["message_id"] and row["message_en"] for row in gone)
    letters = read_table(data / "published/wave-0001/rev-1/notices.parquet").to_pylist()
    assert {row["registration_id"] for row in letters} == {row["registration_id"] for row in gone}
    assert all(row["outcome"] == "rejected" and row["sms_id"] and row["email_en"] for row in letters)
    assert record(data, 1, 1)["extracts"]["blacklist"]["asof"] == "2020-05-01"
    assert files(data / "waves/wave-0001") == before  # wave 1 leaves its places empty, and its own files alone
    ranks = read_table(data / "published/wave-0001/rev-1/cohort.parquet")["rank"].to_pylist()
    assert ranks == list(range(1, len(kept) + 1))
    ours, theirs = (data / f"{folder}/report.html" for folder in ("waves/wave-0001", "published/wave-0001/rev-1"))
    assert "Provisional:" in ours.read_text()
    assert "Published, revision 1: " in theirs.read_text()
    assert "decree SK-1" in theirs.read_text()
    assert "The provisional result was" in theirs.read_text()
    assert f"provisional: {len(kept) + len(gone)}</dd>" in theirs.read_text()
    assert f"<dd>{len(kept)} <small>" in theirs.read_text()
    assert f"In the end {len(kept)} people were accepted." in theirs.read_text()
    assert f"Counted before the last screening, after which {len(kept)} people were accepted." in theirs.read_text()
    assert "Why they were removed" in theirs.read_text()
    assert (data / "published/wave-0001/rev-1/funnel.xlsx").is_file()
    told = CliRunner().invoke(app, ["funnel", "1", "--data", str(data)]).output
    assert "Diterbitkan, revisi 1" in told
    assert "Gelombang simulasi" in told


def test_with_refill_the_next_in_the_draw_take_the_places(data: Path, job: FinishedRun) -> None:
    publish(job)
    job = run_wave(data, 2)
    cohort = read_table(data / "waves/wave-0002/cohort.parquet").to_pylist()
    reserve = read_table(data / "waves/wave-0002/reserve.parquet").to_pylist()
    blacklist(data, [cohort[0]["nik"], cohort[5]["nik"]], date(2020, 5, 1))
    publish(job)
    changes = read_table(data / "published/wave-0002/rev-1/changes.parquet").to_pylist()
    removed = {row["registration_id"] for row in changes if row["change"] == "removed"}
    added = {row["registration_id"] for row in changes if row["change"] == "added"}
    assert {cohort[0]["registration_id"], cohort[5]["registration_id"]} <= removed
    assert len(added) == len(removed)  # every place that fell empty is filled again …
    waiting = [row["registration_id"] for row in reserve]
    passed_over = set(waiting[: max(map(waiting.index, added)) + 1]) - added  # … by those who stood first
    assert len(niks(data / "published/wave-0002/rev-1/cohort.parquet")) == 30
    refused = read_table(data / "work/wave-0002/publication/out/rejections.parquet")["registration_id"].to_pylist()
    tiers = {row["registration_id"]: row["tier"] for row in reserve}
    assert passed_over <= set(refused) | {id_ for id_ in passed_over if tiers[id_] not in {tiers[a] for a in added}}
    assert "kehilangan tempatnya" not in run_wave(data, 2, run="again").form  # the same result takes nothing away


def test_the_same_approval_publishes_once(data: Path, job: FinishedRun) -> None:
    first = stages.publish(job, "K", "2020-05-02T09:00:00+07:00", "SK-1")
    assert stages.publish(job, "K", "2020-05-02T09:00:00+07:00", "SK-1") == first  # a task that is tried again
    assert [p.name for p in Store.at(data).revisions("wave-0001")] == ["rev-1"]


def test_a_publication_that_was_killed_before_the_record_had_it_is_finished_by_the_next_try(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_by(data, "somebody else")
    with monkeypatch.context() as patch:
        patch.setattr(revision, "_note_published", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        publish_at_prompt(data)
    store, names = Store.at(data), ["rev-1"]
    assert [p.name for p in store.revisions("wave-0001")] == names
    assert log.entries(store, 1, "published") == []
    assert publish_at_prompt(data).exit_code == 0
    assert [p.name for p in store.revisions("wave-0001")] == names
    assert [entry.facts["revision"] for entry in log.entries(store, 1, "published")] == [1]
    # what somebody put there, with an approval that nobody gave, is not taken for a publication of ours
    forged = Path(shutil.copytree(data / "published/wave-0001/rev-1", data / "published/wave-0001/rev-2"))
    said = record(data, 1, 2)
    write_json(
        {**said, "approval": {**said["approval"], "at": "2020-05-03T00:00:00+07:00"}}, forged / "publication.json"
    )
    assert publish_at_prompt(data).exit_code == 0
    assert [entry.facts["revision"] for entry in log.entries(store, 1, "published")] == [1, 3]


def test_a_published_wave_stays_and_running_it_again_gives_a_revision_with_its_differences(
    data: Path, job: FinishedRun
) -> None:
    publish(job)
    first = files(data / "published/wave-0001/rev-1")
    gone = niks(data / "published/wave-0001/rev-1/cohort.parquet")[0]
    blacklist(data, [gone], date(2020, 5, 1))
    publish(run_wave(data, 1, run="again"), decree="SK-1b")
    assert files(data / "published/wave-0001/rev-1") == first
    changes = read_table(data / "published/wave-0001/rev-2/changes.parquet").to_pylist()
    against = [row for row in changes if row["against"] == "revision"]
    assert [row["change"] for row in against].count("removed") == 1
    assert record(data, 1, 2)["changes"]["revision"] == {"removed": 1, "added": 0, "moved": len(against) - 1}
    ledger = read_table(data / "published/wave-0001/rev-2/ledger.parquet").to_pylist()
    assert gone not in {row["nik"] for row in ledger}
    assert {row["revision"] for row in ledger} == {2}


def test_whoever_approves_reads_that_a_newer_result_takes_published_places_away(data: Path, job: FinishedRun) -> None:
    publish(job)
    first = niks(data / "published/wave-0001/rev-1/cohort.parquet")[:1]
    blacklist(data, first, date(2020, 4, 1), asof="2020-04-16")
    again = run_wave(data, 1, run="again")
    assert "Beberapa orang yang sudah mendapat tempat dalam revisi 1" in again.form
    assert "A few people who hold a place by revision 1" in (data / "waves/wave-0001/report.html").read_text()
    stages.release_wave(again.run)
    said = CliRunner().invoke(app, ["publish", "1", "--decree", "SK-1c", "--data", str(data), "--language", "en"])
    assert "Against revision 1: 1 lose their place" in said.output, said.output
    changes = read_table(data / "published/wave-0001/rev-2/changes.parquet").to_pylist()
    [gone] = [r["registration_id"] for r in changes if (r["against"], r["change"]) == ("revision", "removed")]
    letters = read_table(data / "published/wave-0001/rev-2/notices.parquet").to_pylist()
    [lost] = [row for row in letters if row["registration_id"] == gone]
    assert (lost["outcome"], lost["subject_en"]) == ("rejected", "Your place in wave 1 is withdrawn")
    assert lost["email_en"].startswith("We told you before that you are accepted in wave 1.")
    arguments = ["1", lost["registration_id"], "--data", str(data), "--language", "en"]
    explained = " ".join(CliRunner().invoke(app, ["explain", *arguments]).output.split())
    assert "Revision 1 gave a place; revision 2 (SK-1c) took it back." in explained
    assert "We told you before that you are accepted in wave 1." in explained


def test_a_revision_that_would_give_second_places_is_refused_with_the_list(data: Path, job: FinishedRun) -> None:
    publish(job)
    publish(run_wave(data, 2))
    before = files(data / "published")
    calendar = data / "calendar.toml"
    calendar.write_text(calendar.read_text().replace("quota = 40", "quota = 400"))
    job = run_wave(data, 1, run="again")
    with pytest.raises(errors.SecondPlaceError, match=r"Of wave 1 .*second_places\.csv"):
        publish(job)
    assert files(data / "published") == before
    listed = (data / "work/wave-0001/second_places.csv").read_text().splitlines()
    assert listed[0] == "registration_id,also_in,also_as"
    assert len(listed) > 1
    assert all(line.split(",")[1] == "2" for line in listed[1:])


@pytest.mark.parametrize("decree", ["", "  "])
def test_nothing_is_published_without_a_decree(data: Path, job: FinishedRun, decree: str) -> None:
    with pytest.raises(errors.MissingDecreeError):
        publish(job, decree=decree)
    assert not Store.at(data).revisions("wave-0001")


def test_what_is_published_is_what_was_approved(data: Path, job: FinishedRun) -> None:
    write_table(contracts.COHORT.empty_table(), data / "waves/wave-0001/cohort.parquet", contracts.COHORT)
    with pytest.raises(errors.NotWhatWasApprovedError):
        publish(job)


def test_a_bad_newest_extract_stops_the_publication_and_changes_nothing(data: Path, job: FinishedRun) -> None:
    late = data / "extracts/population/asof=2020-05-01"
    late.mkdir()
    (late / "part.parquet.part").write_bytes(b"still being written")
    with pytest.raises(errors.UnreadableFileError):
        publish(job)
    assert not Store.at(data).revisions("wave-0001")


def test_two_runs_of_a_wave_are_kept_apart_and_the_loser_says_who_has_it(data: Path) -> None:
    job = stages.hold_wave(str(data), 1, "scheduled__wave-0001", alone=False)
    with pytest.raises(errors.WaveLockedError, match="held by scheduled__wave-0001"):
        stages.hold_wave(str(data), 1, "manual__1", alone=False)
    assert stages.hold_wave(str(data), 1, "scheduled__wave-0001", alone=False) == job  # the task tried again
    stages.hold_wave(str(data), 2, "manual__2", alone=False)  # another wave is free
    stages.release_wave(replace(job, run_id="manual__1"))  # only who holds it gives it back
    with pytest.raises(errors.WaveLockedError):
        stages.hold_wave(str(data), 1, "manual__1", alone=False)
    stages.release_wave(job)
    stages.hold_wave(str(data), 1, "manual__1", alone=False)


def test_a_run_whose_lock_was_broken_stops_at_its_next_task(data: Path) -> None:
    job = stages.prepare(stages.hold_wave(str(data), 1, "asleep", alone=False), None, None, 1)
    stages.release_wave(job)
    stages.hold_wave(str(data), 1, "awake", alone=False)
    with pytest.raises(errors.WaveLockedError, match="awake"):
        stages.ingest(job)


def test_a_wave_waits_for_the_one_before_it(data: Path) -> None:
    job = RunRef(str(data), 2, "x")
    assert stages.wave_before(replace(job, wave=1))  # there is none before it
    assert not stages.wave_before(job)
    first = run_wave(data, 1)
    assert not stages.wave_before(job)  # run, not published
    publish(first)
    assert stages.wave_before(job)


def test_the_approver_reads_funnel_warnings_and_the_link_but_no_person(data: Path, job: FinishedRun) -> None:
    form = job.form
    assert "| Mendaftar |" in form
    assert "/gelombang/wave-0001/report" in form
    people = read_table(data / "waves/wave-0001/cohort.parquet").to_pylist()
    assert not any(row["nik"] in form or row["full_name"] in form for row in people)


def test_a_priority_list_of_after_the_draw_changes_nobodys_tier(data: Path, job: FinishedRun) -> None:
    cohort = read_table(data / "waves/wave-0001/cohort.parquet").to_pylist()
    public = [row["nik"] for row in cohort if row["tier"] == "public"]
    assert {row["tier"] for row in cohort} == {"public", "priority"}
    listed = pa.table({"nik": public, "listed_by": ["KEMNAKER"] * len(public)}).cast(contracts.PRIORITY)
    write_table(listed, data / "extracts/priority/asof=2020-05-01/part-000.parquet", contracts.PRIORITY)
    publish(job)
    published = read_table(data / "published/wave-0001/rev-1/cohort.parquet").to_pylist()
    tiers = {row["registration_id"]: row["tier"] for row in cohort}
    assert published
    assert all(row["tier"] == tiers[row["registration_id"]] for row in published)


# --- who approves


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Gives settings other values."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"GELOMBANG_{name}", value)
        settings.cache_clear()

    yield change
    monkeypatch.undo()
    settings.cache_clear()


def finished_by(data: Path, who: str | None, simulated: bool = False) -> None:
    """Wave 1, started by somebody, and finished; its people are real unless it says otherwise."""
    stages.release_wave(run_wave(data, 1, started_by=who).run)
    if not simulated:
        (data / "landing/wave-0001/simulated.json").unlink()


def publish_at_prompt(data: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["publish", "1", "--decree", "SK-1", "--data", str(data), "--language", "en", *more])


def test_nobody_approves_at_the_prompt_under_another_name_or_off_the_list(
    data: Path, set_to: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_by(data, "somebody else")
    set_to(APPROVERS='["sari"]')
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "sari")
    assert publish_at_prompt(data, "--by", "sari").exit_code == 2  # there is no such option any more
    refused = publish_at_prompt(data)
    assert isinstance(refused.exception, errors.NotAnApproverError)
    with pytest.raises(errors.NotAnApproverError, match="budi"):
        publish(run_wave(data, 1), by=("budi", "7"))
    assert not Store.at(data).revisions("wave-0001")
    set_to(APPROVERS=json.dumps([user_name()]))
    assert publish_at_prompt(data, "--note", "for the head").exit_code == 0
    assert record(data, 1, 1)["approver"] == {
        "name": user_name(),
        "asked": "operating system",
        "on_list": True,
        "run_started_by": None,  # the last run was the test's own
        "one_person": None,
        "note": "for the head",
    }


def test_without_a_list_the_record_says_that_there_was_none(data: Path) -> None:
    finished_by(data, "somebody else")
    done = publish_at_prompt(data)
    assert "no approvers are named" in done.output
    assert record(data, 1, 1)["approver"]["on_list"] is False
    assert record(data, 1, 1)["approver"]["run_started_by"] == "somebody else"


@pytest.mark.parametrize("spelling", ["analyst", "Analyst ", "аnalyst"])  # the last with a Cyrillic letter
def test_whoever_started_a_run_cannot_approve_it(data: Path, spelling: str, set_to: Callable[..., None]) -> None:
    finished_by(data, spelling)
    job = FinishedRun(RunRef(str(data), 1), "", sha256(data / "waves/wave-0001/cohort.parquet"), "", 0)
    with pytest.raises(errors.OwnRunError, match="started the run of wave 1"):
        stages.publish(job, ("7", "analyst"), "2020-05-02T09:00:00+07:00", "SK-1")
    assert not Store.at(data).revisions("wave-0001")
    stages.publish(job, "sari", "2020-05-02T09:00:00+07:00", "SK-1")
    set_to(ONE_PERSON="true")
    stages.publish(job, "analyst", "2020-05-02T09:00:00+07:00", "SK-1b")
    assert [record(data, 1, n)["approver"]["one_person"] for n in (1, 2)] == [None, "GELOMBANG_ONE_PERSON"]


def test_one_person_at_the_prompt(data: Path) -> None:
    finished_by(data, user_name())
    assert isinstance(publish_at_prompt(data).exception, errors.OwnRunError)
    (data / "landing/wave-0001/simulated.json").write_text("{}")  # these people do not exist
    done = publish_at_prompt(data)
    assert "One person started and approved it (simulated)" in done.output
    assert record(data, 1, 1)["approver"]["one_person"] == "simulated"


# --- many drop out at the last screening


def test_a_blacklist_that_takes_many_out_stops_the_publication_and_asks_for_the_number(
    data: Path, set_to: Callable[..., None]
) -> None:
    finished_by(data, "somebody else")
    blacklist(data, niks(data / "waves/wave-0001/cohort.parquet")[:15], date(2020, 5, 1))
    refused = publish_at_prompt(data).exception
    assert isinstance(refused, errors.ManyRemovedError)
    found = re.search(
        r"takes the places of (\d+) of the 40 people of wave 1 who are approved\. Reasons: .*blacklisted 15",
        str(refused),
    )
    assert found
    assert not Store.at(data).revisions("wave-0001")
    wrong = publish_at_prompt(data, "--removing", "3").exception
    assert isinstance(wrong, errors.ManyRemovedError)
    assert "3 was said" in str(wrong)
    assert publish_at_prompt(data, "--removing", found[1]).exit_code == 0
    assert record(data, 1, 1)["removing_agreed"] == int(found[1])
    set_to(PUBLICATION__MAX_REMOVED_SHARE="0.9")
    assert publish_at_prompt(data).exit_code == 0


def test_a_newer_result_that_takes_many_published_places_away_asks_for_the_number(data: Path) -> None:
    """Nobody of its own cohort is taken out; those who hold a place by the revision before lose it all the same."""
    finished_by(data, "somebody else")
    assert publish_at_prompt(data).exit_code == 0
    blacklist(data, niks(data / "published/wave-0001/rev-1/cohort.parquet")[:15], date(2020, 4, 1), asof="2020-04-16")
    stages.release_wave(run_wave(data, 1, run="again", started_by="somebody else").run)
    refused = publish_at_prompt(data).exception
    assert isinstance(refused, errors.ManyRemovedError)
    found = re.search(r"takes the places of (\d+) .* blacklisted 15", str(refused))
    assert found, refused
    assert publish_at_prompt(data, "--removing", found[1]).exit_code == 0
    assert record(data, 1, 2)["changes"]["revision"]["removed"] == 15


@pytest.mark.parametrize(("out", "asked"), [(10, False), (11, True)])
def test_a_few_are_never_too_many(out: int, asked: bool, data: Path) -> None:
    finished_by(data, "somebody else")
    folder = data / "waves/wave-0001"
    run = Plan.load(RunRef(str(data), 1))
    rest = read_table(folder / "cohort.parquet").slice(out)
    screened = Rescreened(run, write_table(rest, data / "work" / "rest.parquet", contracts.COHORT))
    try:
        agreed(run, screened, [folder / "cohort.parquet"], None)
    except errors.ManyRemovedError:
        assert asked
    else:
        assert not asked
