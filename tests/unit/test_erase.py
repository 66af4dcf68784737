"""`gelombang erase`: what goes, what stays and why, over waves; killed in the middle and run again; audits pass."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain import contracts
from pipeline.domain.errors import NotWhatWasApprovedError
from pipeline.domain.settings import settings
from pipeline.inspection import integrity, redraw
from pipeline.publication import erased_rows, erasure
from pipeline.record import log
from pipeline.reports.messages.notices import write_notices
from pipeline.selfie import cache
from pipeline.selfie.one_against_all.prints import record
from pipeline.selfie.verdict import Measurement
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.wave_run import evidence, kept_prints
from pipeline.wave_run.erased_selfies import _verdict, as_decided
from pipeline.wave_run.plan import Plan
from tests.s3 import machine
from tests.spec.world import World, kk, nik, wave

WAVES = [wave(5, seed="five", quota=5), wave(6, seed="six", quota=5), wave(7, seed="seven", quota=5)]
SITI, BUDI = nik(1), nik(2)
SAID = ("--asked-by", "herself, with her KTP", "--why", "UU PDP art. 8", "--language", "en")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Siti and Budi apply in three waves, of which the first two are published."""
    world = World(tmp_path_factory.mktemp("erase") / "data")
    world.root.mkdir()
    for n, name in ((1, "SITI AMINAH"), (2, "BUDI SANTOSO")):
        world.person(nik(n), kk=kk(n), full_name=name)
    world.enter("blacklist", nik(9), reason="x")
    store = Store.at(world.root)
    for this in WAVES:
        world.applications.clear()
        for n, name in ((1, "Siti Aminah"), (2, "Budi Santoso")):
            world.apply(this, f"W{this.number}-{n}", nik(n), kk=kk(n), full_name=name)
        world.screen(this)
        seen = {f"W{this.number}-{n}": {"selfie_sha256": f"{n}{this.number}" * 32} for n in (1, 2)}
        world.decide(this, seen)
        write_notices(store, this)
        out = world.work(this) / "out"
        applied = files.read_table(world.work(this) / "registrations.parquet").to_pylist()
        again = [{**row, "from_wave": this.number} for row in applied if row["registration_id"] == "W5-1"]
        retries = pa.Table.from_pylist(again, contracts.RETRIES)
        files.write_table(retries, out / "retries.parquet", contracts.RETRIES)
        world.finish(this)
        selfies = store.landing(this, "selfies")
        selfies.mkdir(parents=True)
        for n in (1, 2):
            (selfies / f"W{this.number}-{n}.jpg").write_bytes(b"face")
    for this in WAVES[:2]:
        folder = store.published(this.key) / "rev-1"
        folder.mkdir(parents=True)
        files.copy(store.out(this) / "cohort.parquet", folder / "cohort.parquet")
        files.copy(store.out(this) / "notices.parquet", folder / "notices.parquet")
        rows = np.zeros(2, record(4))
        kept_prints.keep(
            store,
            this,
            revision=1,
            model="m",
            people=[(f"W{this.number}-{n}", "x") for n in (1, 2)],
            prints=rows,
            published=date.today(),
        )
    return world.root


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


def erase(data: Path, *options: str, typed: str = f"{SITI}\n") -> Result:
    return CliRunner().invoke(app, ["erase", "--data", str(data), *SAID, *options], input=typed)


def told(data: Path) -> dict[tuple[int | None, str], tuple[int, bool]]:
    done = erase(data, "--dry-run", "--json")
    assert done.exit_code == 0, done.exception
    return {(row["wave"], row["what"]): (row["n"], row["goes"]) for row in json.loads(done.stdout)}


GOES: dict[tuple[int | None, str], tuple[int, bool]] = {
    (5, "photographs"): (1, True), (5, "prints"): (1, True), (5, "letters"): (5, True), (5, "retry_data"): (2, True),
    (6, "photographs"): (1, True), (6, "prints"): (1, True), (6, "letters"): (5, True),
}  # fmt: skip
STAYS: dict[tuple[int | None, str], tuple[int, bool]] = {
    (5, "decisions"): (1, False), (5, "deliveries"): (1, False), (5, "work"): (1, False),
    (6, "decisions"): (1, False), (6, "deliveries"): (1, False), (6, "work"): (1, False), (5, "place"): (1, False),
    (7, "unpublished"): (1, False), (None, "registers"): (1, False), (None, "record"): (3, False),
}  # fmt: skip


def contents(data: Path) -> dict[str, bytes]:
    """Every file but the record, which notes each look."""
    found = {path.relative_to(data): path for path in data.rglob("*") if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if name.parts[0] != "record"}


def test_it_says_first_what_goes_and_what_stays_and_does_nothing(data: Path):
    before = contents(data)
    assert told(data) == {**GOES, **STAYS}
    assert erase(data, typed=f"{SITI}\nn\n").exit_code == 1
    assert contents(data) == before
    looks = log.entries(Store.at(data), None, "looked_up")
    assert [look.facts["why"] for look in looks] == ["erase: herself, with her KTP. UU PDP art. 8"] * 2
    assert looks[0].facts["registration_id"] == "W5-1, W6-1, W7-1"


def letters(data: Path) -> str:
    found = [p for p in data.rglob("notices.*") if p.suffix in (".csv", ".parquet")]
    assert len(found) > 10
    tables = [erased_rows._read(path)["registration_id"].to_pylist() for path in found]
    return json.dumps(tables)


def must_be_erased(data: Path) -> None:
    assert told(data) == STAYS
    assert "W5-1" not in letters(data)
    assert "W6-1" not in letters(data)
    assert {"W5-2", "W6-2", "W7-1"} <= {id_ for table in json.loads(letters(data)) for id_ in table}
    left = sorted(path.name for path in data.rglob("*.jpg"))
    assert left == ["W5-2.jpg", "W6-2.jpg", "W7-1.jpg", "W7-2.jpg"]
    store = Store.at(data)
    for this in WAVES[:2]:
        assert kept_prints.kept_of(store, this, {f"W{this.number}-1"}) == 0
        assert kept_prints.kept_of(store, this, {f"W{this.number}-2"}) == 1


def audited(data: Path) -> list[str]:
    store, found = Store.at(data), list[str]()
    for this in WAVES[:2]:
        gone = evidence.erased(store, this.number)
        purged = evidence.purged(store, this.number, store.out(this))
        found += [f"{d.where}: {d.what}" for d in redraw.audit(store.out(this), {}, None, gone, purged).differences]
        found += [f"{d.where}: {d.what}" for d in integrity.integrity(store, this) if "notices" in d.where]
    return found


def test_it_goes_with_lines_in_the_record_and_the_draw_can_still_be_checked(data: Path):
    assert audited(data) == []
    done = erase(data, typed=f"{SITI}\ny\n")
    assert done.exit_code == 0, (done.output, done.exception)
    must_be_erased(data)
    assert audited(data) == []
    lines = log.entries(Store.at(data), None, "erased")
    assert {(line.wave, line.facts["what"]) for line in lines} == set(GOES)
    assert {line.facts["why"] for line in lines} == {"UU PDP art. 8"}
    assert {line.facts["asked_by"] for line in lines} == {"herself, with her KTP"}
    assert SITI not in json.dumps([line.facts for line in lines])
    again = erase(data)
    assert again.exit_code == 0
    assert "nothing that may be deleted" in again.output
    assert len(log.entries(Store.at(data), None, "erased")) == len(lines)


def test_a_wave_that_is_run_again_decides_by_the_verdict_that_the_erased_selfie_had(tmp_path: Path):
    world, this, ids = World(tmp_path), wave(5, seed="five", quota=5, selfie="before_draw"), ("W5-1", "W5-2")
    for n, id_ in enumerate(ids, 1):
        world.person(nik(n), kk=kk(n), full_name="SITI AMINAH")
        world.apply(this, id_, nik(n), kk=kk(n), full_name="Siti Aminah")
    world.enter("blacklist", nik(9), reason="x")
    world.screen(this)
    world.decide(this, {id_: {} for id_ in ids})
    world.finish(this)
    store = Store.at(tmp_path)
    run = Plan(store, this, {}, 1, datetime.now().astimezone())
    missing = {"outcome": "rejected", "reasons": ["selfie_missing"], "warnings": []}
    gone = [{**dict.fromkeys(contracts.VERDICTS.names), "registration_id": id_, **missing} for id_ in ids]
    verdicts = pa.Table.from_pylist(gone, contracts.VERDICTS)
    assert as_decided(run, verdicts) == verdicts
    log.note(store, "erased", 5, {"what": "photographs", "registration_id": "W4-1, W5-1"})
    siti, budi = as_decided(run, verdicts).to_pylist()
    assert (siti["outcome"], siti["decision"], siti["similarity"]) == ("passed", "match", 0.9)
    assert (siti["reasons"], siti["warnings"], siti["blur"]) == ([], [], None)
    assert budi == gone[1]  # nobody erased his: it is missing
    seen = pa.Table.from_pylist([{**row, "reasons": ["blur"]} for row in gone], contracts.VERDICTS)
    assert as_decided(run, seen) == seen  # a photograph that is there is looked at
    decisions = store.out(this) / "decisions.parquet"
    files.write_table(files.read_table(decisions).slice(1), decisions, contracts.DECISIONS)
    with pytest.raises(NotWhatWasApprovedError):
        as_decided(run, verdicts)


@pytest.mark.parametrize(
    ("decided", "outcome", "codes"),
    [
        ({"outcome": "reserve"}, "passed", []),
        ({"outcome": "rejected", "reasons": ["kk_limit"]}, "passed", []),
        ({"outcome": "rejected", "reasons": ["kk_limit", "blur"]}, "rejected", ["blur"]),
        ({"outcome": "review"}, "review", []),
        ({"outcome": "review", "reasons": ["reference_missing"]}, "review", ["reference_missing"]),
        ({"outcome": "accepted", "reviewed": True}, "review", []),  # the officer's decision settles it again
    ],
)
def test_the_verdict_follows_from_the_decision(decided: dict[str, Any], outcome: str, codes: list[str]):
    row = {**dict.fromkeys(contracts.DECISIONS.names), "reasons": [], "warnings": ["shared_nik", "hat"], **decided}
    found = _verdict(row)
    assert (found["outcome"], found["reasons"], found["warnings"]) == (outcome, codes, ["hat"])


def test_in_a_store_it_goes_too(data: Path, tmp_path: Path):
    fs, root = fsspec.core.url_to_fs(url := f"memory://{uuid4().hex}")
    fs.put(f"{data}/", f"{root}/", recursive=True)
    with machine(tmp_path / "mirror"):
        done = CliRunner().invoke(app, ["erase", "--data", url, *SAID, "--yes"], input=f"{SITI}\n")
        again = CliRunner().invoke(app, ["erase", "--data", url, *SAID, "--yes"], input=f"{SITI}\n")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "nothing that may be deleted" in again.output
    shutil.rmtree(data)
    fs.get(f"{root}/", f"{data}/", recursive=True)
    fs.rm(root, recursive=True)
    must_be_erased(data)
    assert audited(data) == []
    assert {(line.wave, line.facts["what"]) for line in log.entries(Store.at(data), None, "erased")} == set(GOES)


def test_a_letter_changed_by_somebody_else_is_still_seen(data: Path):
    assert erase(data, "--yes").exit_code == 0
    path = Store.at(data).out(WAVES[0]) / "notices.csv"
    path.write_bytes(path.read_bytes().replace(b"W5-2", b"W5-9"))
    assert any("notices.csv" in line for line in audited(data))


@pytest.mark.parametrize("parts", range(1, 8))
def test_killed_in_the_middle_it_is_run_again(data: Path, parts: int):
    store = Store.at(data)
    held = [one for one in erasure.held_about(store, SITI, settings().retention) if one.goes][:parts]
    erasure.erase(store, held, erasure.ids_of(store, SITI), "x", "x")
    assert erase(data, "--yes").exit_code == 0
    must_be_erased(data)
    assert audited(data) == []


#: Ends after so many deletions have their line in the record, and before the last of them is done.
KILLED = """
import os, signal, sys
from pipeline.record import log
noted, left = log.note, [int(sys.argv[1])]
def note(store, event, *rest, **more):
    done = noted(store, event, *rest, **more)
    left[0] -= event in ("erased", "deleted")
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
log.note = note
from pipeline.cli import app
app(sys.argv[2:])
"""


def killed(data: Path, after: int, *words: str, typed: str = "") -> None:
    command = [sys.executable, "-c", KILLED, str(after), *words, "--data", str(data)]
    ended = subprocess.run(command, input=typed, text=True, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-500:]


def access(data: Path, out: Path) -> dict[int, dict[str, Any]]:
    command = ["access", str(out), "--asked-by", "herself", "--data", str(data)]
    done = CliRunner().invoke(app, command, input=f"{SITI}\n")
    assert done.exit_code == 0, (done.output, done.exception)
    return {one["wave"]: one for one in json.loads(out.read_text())["waves"]}


def test_access_erase_and_purge_over_three_waves_each_killed_and_called_again(data: Path, tmp_path: Path):
    held = access(data, tmp_path / "before.json")
    assert {wave: (len(one["applications"]), len(one["letters"])) for wave, one in held.items()} == {
        5: (1, 1), 6: (1, 1), 7: (1, 1)
    }  # fmt: skip
    killed(data, 3, "erase", "--yes", *SAID, typed=f"{SITI}\n")
    assert erase(data, "--yes").exit_code == 0
    must_be_erased(data)
    held = access(data, tmp_path / "erased.json")
    assert {wave: (len(one["decisions"]), len(one["letters"])) for wave, one in held.items()} == {
        5: (1, 0), 6: (1, 0), 7: (1, 1)
    }  # fmt: skip
    killed(data, 2, "purge", "--yes")
    purge = ["purge", "--data", str(data), "--language", "en"]
    assert CliRunner().invoke(app, [*purge, "--yes"]).exit_code == 0
    assert "Nothing is due" in CliRunner().invoke(app, [*purge, "--yes"]).output
    assert {path.relative_to(data).parts[:2] for path in data.rglob("*.jpg")} == {("landing", "wave-0007")}
    assert {path.parent.name for path in data.rglob("notices.*") if "work" not in path.parts} == {"wave-0007"}
    assert sorted(path.name for path in (data / "work").glob("wave-*")) == ["wave-0007"]
    held = access(data, tmp_path / "purged.json")
    assert {wave: len(one["decisions"]) for wave, one in held.items()} == {5: 1, 6: 1, 7: 1}
    looks = [look["why"] for look in json.loads((tmp_path / "purged.json").read_text())["looked_up"]]
    assert (looks[0], looks[-1]) == ("access: herself", "access: herself")
    assert "erase: herself, with her KTP. UU PDP art. 8" in looks
    assert audited(data) == []


def test_a_letter_that_is_gone_without_a_line_is_missing(data: Path):
    (Store.at(data).out(WAVES[0]) / "notices.csv").unlink()
    assert [said.split(";")[0] for said in audited(data)] == ["notices.csv: is missing"]


def test_a_selfie_that_another_names_too_or_that_lies_elsewhere_stays(data: Path, tmp_path: Path):
    store = Store.at(data)
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"face")
    applied = store.work(WAVES[0]) / "registrations.parquet"
    rows = files.read_table(applied).to_pylist()
    for row in rows:
        row["selfie"] = "W5-2.jpg"
    files.write_table(pa.Table.from_pylist(rows, contracts.INGESTED), applied, contracts.INGESTED)
    other = store.work(WAVES[1]) / "registrations.parquet"
    rows = files.read_table(other).to_pylist()
    for row in rows:
        row["selfie"] = str(outside) if row["registration_id"] == "W6-1" else row["selfie"]
    files.write_table(pa.Table.from_pylist(rows, contracts.INGESTED), other, contracts.INGESTED)
    assert not {(5, "photographs"), (6, "photographs")} & told(data).keys()


@pytest.mark.parametrize("typed", ["Siti\n", "\n", "12345\n"])
def test_only_a_nik_is_taken_and_never_said(data: Path, typed: str):
    done = erase(data, typed=typed)
    assert done.exit_code == 1
    assert not typed.strip() or typed.strip() not in str(done.exception)


def test_who_is_not_there_has_nothing(data: Path):
    done = erase(data, typed=f"{nik(77)}\n")
    assert done.exit_code == 0
    assert "nothing that may be deleted" in done.output


def test_kept_measurements_are_overwritten_where_they_stand(tmp_path: Path):
    keys = [cache.key(bytes([n]), None, "m", cache.limits_text(1, 2, 3)) for n in range(4)]
    cache.MeasurementCache(tmp_path, b"s").put({key: Measurement(faces=n) for n, key in enumerate(keys)})
    kept = cache.VerdictFolder(tmp_path, tmp_path)
    assert cache.kept_of(kept, {keys[1], "0" * 64}) == {keys[1]}
    assert cache.forget(kept, {keys[1]}) == sorted(tmp_path.glob("*.jsonl"))
    after = cache.MeasurementCache(tmp_path, b"s")
    after.refresh()
    assert [after.get(key) is not None for key in keys] == [True, False, True, True]
    assert after.refused() == ()


def test_measurements_of_a_wave_that_looks_at_cards_are_found_too(tmp_path: Path):
    store, selfie, other = Store.at(tmp_path), bytes(32), bytes([1]) * 32
    limits = cache.limits_text(1, 2, 3)
    keys = {cache.key(selfie, other, "m", seen) for seen in (limits, cache.with_card(limits, SITI))}
    somebody = cache.key(selfie, other, "m", cache.with_card(limits, BUDI))
    kept = cache.MeasurementCache(tmp_path / "work" / "verdict-cache", b"s")
    kept.put(dict.fromkeys([*keys, somebody], Measurement(faces=1)))
    photos = {f"photos.{name}": n for n, name in enumerate(cache.LIMITS, 1)}
    files.write_json({"selfie_policy": {"model": "m"}, "settings": photos}, tmp_path / "manifest.json")
    who = erasure.Person(SITI, ["W5-1"], [], [(selfie.hex(), other.hex())])
    assert erasure._measured(store, tmp_path, who) == sorted(keys)


def test_every_kind_has_its_words_in_both_languages():
    for about in erasure.catalogue()["part"].values():
        assert about.keys() == {"goes", "id", "en", "why_id", "why_en"}
        assert all(about.values()) or about["goes"] is False
