"""A wave with a beacon through its tasks: it waits, draws, is published, and everything that is published agrees."""

from __future__ import annotations

import csv
import hmac
import json
import re
import shutil
import subprocess
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline import stages
from pipeline.cli import app
from pipeline.domain import errors
from pipeline.domain.run_ref import FinishedRun, RunRef
from pipeline.draw import beacon
from pipeline.publication.public_page import write_public_page
from pipeline.storage.paths import Store
from pipeline.wave_run.opening import key_as_committed, open_wave
from tests.functional.conftest import gelombang, run
from tests.laid_out import without_a_place
from tests.waves import AFTER_SELFIES, BEFORE_SELFIES, publish

TABLES = ("decisions", "cohort", "reserve", "rejections", "review")
WAVE = 12


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated wave with a beacon, opened, its round not delivered yet; nothing has run."""
    data = tmp_path_factory.mktemp("beacon") / "data"
    simulated = ["simulate", str(data), "--wave", "12", "--registrations", "600", "--population", "9000"]
    done = CliRunner().invoke(app, [*simulated, "--quota", "40", "--seed", "5", "--photos", "none", "--beacon"])
    assert done.exit_code == 0, done.output
    (data / "landing" / "wave-0012" / "beacon.json").rename(data.parent / "beacon.json")
    return data


@pytest.fixture
def data(ready: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ready, tmp_path / "data"))


def run_to_the_beacon(data: Path, run: str = "test") -> RunRef:
    ref = stages.prepare(stages.hold_wave(str(data), WAVE, run, alone=True), None, None, 2)
    for stage in BEFORE_SELFIES:
        ref = stage(ref)
    return ref


def deliver(data: Path, delivered: bytes | None = None) -> None:
    wave = Store.at(data).calendar().wave(WAVE)
    path = data / beacon.landing_key(wave)
    path.write_bytes(delivered or beacon.as_delivered(beacon.chain_of(wave), beacon.round_of(wave)))


def draw_and_finish(ref: RunRef) -> FinishedRun:
    for shard in stages.draw(ref):
        stages.verify(shard)
    for stage in AFTER_SELFIES:
        ref = stage(ref)
    return stages.finish(ref)


@pytest.fixture(scope="module")
def published(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wave run and published; no test changes it."""
    data = Path(shutil.copytree(ready, tmp_path_factory.mktemp("published") / "data"))
    ref = run_to_the_beacon(data)
    deliver(data)
    publish(draw_and_finish(ref), at="2021-03-02T09:00:00+07:00")
    return data


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    table = pq.read_table(data / "waves" / "wave-0012" / f"{name}.parquet", partitioning=None)
    return list(table.to_pylist())


def test_the_wave_waits_for_its_beacon_and_says_which_and_where(data: Path) -> None:
    ref = run_to_the_beacon(data)
    assert not stages.await_beacon(ref, alone=False)
    with pytest.raises(errors.BeaconAwaitedError) as waits:
        stages.await_beacon(ref, alone=True)
    wave = Store.at(data).calendar().wave(WAVE)
    assert f"waits for round {beacon.round_of(wave)} of demonstration, due at 2021-02-28 00:00:00 WIB" in str(
        waits.value
    )
    assert f"put it to {data}/landing/wave-0012/beacon.json" in str(waits.value)
    with pytest.raises(errors.BeaconAwaitedError):
        stages.draw(ref)
    deliver(data, beacon.as_delivered(beacon.chain_of(wave), beacon.round_of(wave) + 1))
    with pytest.raises(errors.BadBeaconError, match="is round"):
        stages.await_beacon(ref, alone=False)
    deliver(data)
    assert stages.await_beacon(ref, alone=False)


def test_simulate_delivers_the_round_and_knows_who_is_refused_for_the_family_card(ready: Path, published: Path) -> None:
    delivered = published / "landing" / "wave-0012" / "beacon.json"
    assert (ready.parent / "beacon.json").read_bytes() == delivered.read_bytes()
    truth = pq.read_table(published / "landing/wave-0012/truth.parquet").to_pylist()
    expected = {row["registration_id"]: row["expected"] for row in truth}
    decided = {row["registration_id"]: row["reasons"] for row in rows(published, "decisions")}
    assert "kk_limit" in {code for codes in expected.values() for code in codes}
    told = {id_: [code for code in codes if code != "shared_nik"] for id_, codes in decided.items()}
    assert {id_: told[id_] for id_ in expected} == expected


def test_an_outsider_draws_again_from_the_public_files_alone(published: Path) -> None:
    public = published / "published" / "wave-0012" / "rev-1" / "public"
    assert sorted(p.name for p in public.iterdir()) == [
        "commitment.json", "draw.json", "eligible.txt", "funnel.json", "outcomes.csv", "priority.txt",
        "publication.json", "verify.html", "withdrawn.txt",
    ]  # fmt: skip
    funnel = json.loads((public / "funnel.json").read_text())
    shown = [n for step in funnel["steps"] for n in (step["left"], *step["by_reason"].values()) if n is not None]
    assert shown
    assert not any(0 < n < 5 for n in shown)
    assert "changes" not in json.loads((public / "publication.json").read_text())
    record = json.loads((public / "draw.json").read_text())
    commitment = json.loads((public / "commitment.json").read_text())
    assert all(commitment[k] == record[k] for k in ("wave", "quota", "beacon", "round", "selfie", "refill"))
    lists = {name: (public / f"{name}.txt").read_bytes() for name in ("eligible", "priority")}
    assert sha256(lists["eligible"]).hexdigest() == record["list_sha256"]
    assert sha256(lists["priority"]).hexdigest() == record["priority_sha256"]
    randomness = sha256(bytes.fromhex(record["signature"])).hexdigest()
    parts = ("gelombang/2", record["wave"], record["list_sha256"], record["priority_sha256"], randomness)
    seed = sha256(":".join(parts).encode()).hexdigest()
    assert seed == record["seed"]
    listed, first = lists["eligible"].decode().splitlines(), set(lists["priority"].decode().splitlines())
    order = sorted(listed, key=lambda t: (t not in first, sha256(f"{seed}:{t}".encode()).hexdigest()))
    with (public / "outcomes.csv").open(newline="") as f:
        assert f.readline() == "position,ticket,tier,outcome,rank\n"
        found = list(csv.reader(f))
    assert [row[1] for row in found] == order
    assert [row[0] for row in found] == [str(n) for n in range(1, len(order) + 1)]
    assert {row[3] for row in found} <= {"accepted", "reserve", "rejected", "review", "kk_limit"}
    ranked = [int(row[4]) for row in found if row[3] == "accepted"]
    withdrawn = set((public / "withdrawn.txt").read_text().splitlines())
    assert sorted(ranked) == list(range(1, 41 - len(withdrawn)))
    assert {row[3] for row in found if row[1] in withdrawn} <= {"rejected"}
    assert all((row[4] == "") == (row[3] != "accepted") for row in found)


def test_the_shell_recipe_of_the_page_draws_the_same_order(published: Path, tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "draw.md"
    [_, script] = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    public = Path(shutil.copytree(published / "published/wave-0012/rev-1/public", tmp_path / "public"))
    done = subprocess.run(["bash", "-e", "-c", script], cwd=public, capture_output=True, text=True, check=True)
    seed = json.loads((public / "draw.json").read_text())["seed"]
    assert done.stdout.split("\n") == [seed, "the same order", ""]


def test_everybody_may_read_what_is_public_and_pass_through_to_it(published: Path) -> None:
    wave = published / "published" / "wave-0012"
    for public in (wave / "rev-1" / "public", wave / "list"):
        assert public.stat().st_mode & 0o777 == 0o755
        assert {path.stat().st_mode & 0o777 for path in public.iterdir()} == {0o644}
    assert (wave / "commitment.json").stat().st_mode & 0o777 == 0o644
    assert {folder.stat().st_mode & 0o777 for folder in (wave, wave.parent, wave / "rev-1")} == {0o711}


def test_every_file_is_in_the_table_of_the_contract(published: Path) -> None:
    assert without_a_place(published) == []


def test_nothing_public_is_about_anybody(published: Path, tmp_path: Path) -> None:
    public = published / "published" / "wave-0012" / "rev-1" / "public"
    page = write_public_page(tmp_path)  # the same for every wave, with words in it that are names too
    assert (public / page.name).read_bytes() == page.read_bytes()
    text = b"".join(p.read_bytes() for p in public.iterdir() if p.name != page.name).decode()
    for row in rows(published, "cohort"):
        assert not any(row[name] in text for name in ("nik", "registration_id", "full_name"))


def test_outputs_and_letters_give_each_person_their_ticket(published: Path) -> None:
    store = Store.at(published)
    key = key_as_committed(store, store.calendar().wave(WAVE))
    decided = rows(published, "decisions")
    listed = [row for row in decided if row["position"]]
    assert {row["ticket"] for row in decided if not row["position"]} == {None}
    plain = [row for row in listed if "shared_nik" not in row["warnings"]]
    assert plain
    assert all(row["ticket"] == hmac.new(key, row["nik"].encode(), "sha256").hexdigest() for row in plain)
    tickets = {row["registration_id"]: row["ticket"] for row in listed}
    for name in ("cohort", "reserve"):
        assert all(row["ticket"] == tickets[row["registration_id"]] for row in rows(published, name))
    for notice in rows(published, "notices"):
        ticket = tickets.get(notice["registration_id"])
        assert notice["ticket"] == ticket
        for language in ("id", "en"):
            assert ticket is None or ticket in notice[f"email_{language}"]


def test_audit_prove_and_explain_know_the_wave(published: Path) -> None:
    said = CliRunner().invoke(app, ["audit", "12", "--language", "en", "--data", str(published)])
    assert said.exit_code == 0, (said.output, said.exception)
    assert "The same:" in said.output
    assert "A demonstration" in said.output
    someone = rows(published, "cohort")[0]
    said = CliRunner().invoke(app, ["prove", "12", someone["registration_id"], "--data", str(published)])
    assert said.exit_code == 0, (said.output, said.exception)
    proof = json.loads(said.output)
    assert proof["ticket"] == someone["ticket"]
    digest = sha256(b"\x00" + someone["ticket"].encode()).digest()
    for step in proof["path"]:
        other = bytes.fromhex(step["hash"])
        digest = sha256(b"\x01" + (other + digest if step["side"] == "left" else digest + other)).digest()
    assert digest.hex() == proof["list_merkle_sha256"]
    said = CliRunner().invoke(app, ["explain", "12", someone["registration_id"], "--data", str(published)])
    assert said.exit_code == 0, (said.output, said.exception)
    assert someone["ticket"][:12] in said.output


def test_run_again_after_the_draw_it_is_the_same_to_the_byte(published: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(published, tmp_path / "data"))
    before = {name: (data / "waves/wave-0012" / f"{name}.parquet").read_bytes() for name in TABLES}
    draw_and_finish(run_to_the_beacon(data, "again"))
    assert {name: (data / "waves/wave-0012" / f"{name}.parquet").read_bytes() for name in TABLES} == before


def test_a_delivery_after_the_freeze_is_refused_for_this_wave(published: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(published, tmp_path / "data"))
    reserve = rows(data, "reserve")
    late = data / "extracts" / "priority" / "asof=2021-02-26"
    newest = max((data / "extracts" / "priority").glob("asof=*"))
    table = pq.read_table(newest, partitioning=None)
    someone = {name: table[name][0].as_py() for name in table.column_names} | {"nik": reserve[-1]["nik"]}
    late.mkdir(exist_ok=True)
    import pyarrow as pa

    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist([someone], schema=table.schema)]), late / "p.parquet")
    with pytest.raises(errors.ListChangedError, match="priority_sha256") as refused:
        run_to_the_beacon(data, "late")
    assert "extracts/priority/asof=2021-02-26/p.parquet" in str(refused.value)
    assert (data / "waves/wave-0012/manifest.json").is_file()  # what was drawn stays


def test_with_refill_the_last_screening_fills_up_from_the_line_and_every_ticket_stays(data: Path) -> None:
    calendar = data / "calendar.toml"
    calendar.write_text(calendar.read_text().replace("refill = false", "refill = true"))
    (data / "published" / "wave-0012" / "commitment.json").unlink()
    store = Store.at(data)
    open_wave(store, store.calendar().wave(WAVE), datetime.now().astimezone())
    ref = run_to_the_beacon(data)
    deliver(data)
    done = publish(draw_and_finish(ref), at="2021-03-02T09:00:00+07:00")
    assert (done.removed > 0, done.removed, done.accepted) == (True, done.added, 40)
    public = data / "published" / "wave-0012" / "rev-1" / "public"
    with (public / "outcomes.csv").open(newline="") as f:
        found = list(csv.DictReader(f))
    fit = [row for row in found if row["outcome"] not in ("rejected", "kk_limit", "review")]
    assert [row["outcome"] for row in fit] == ["accepted"] * 40 + ["reserve"] * (
        len(fit) - 40
    )  # one tier after another
    assert [row["rank"] for row in fit[:40]] == [str(n) for n in range(1, 41)]
    tickets = {row["ticket"]: row["registration_id"] for row in rows(data, "decisions") if row["ticket"]}
    cohort = pq.read_table(public.parent / "cohort.parquet", partitioning=None).to_pylist()
    assert all(tickets[row["ticket"]] == row["registration_id"] for row in cohort)
    assert len((public / "withdrawn.txt").read_text().splitlines()) == done.removed
    letters = pq.read_table(public.parent / "notices.parquet", partitioning=None).to_pylist()
    assert len(letters) == done.removed + done.added
    assert all(row["ticket"] in row["email_en"] for row in letters)


@pytest.mark.slow
def test_the_command_stops_at_the_beacon_with_the_list_frozen_and_goes_on_when_it_is_there(data: Path) -> None:
    waits = run(data)
    assert waits.code == 1
    assert "BeaconAwaitedError" in waits.text
    assert "waits for round" in " ".join(waits.text.split())
    frozen = data / "published" / "wave-0012" / "list" / "list.json"
    before = frozen.read_bytes()
    assert not (data / "waves" / "wave-0012").exists()
    deliver(data)
    done = run(data)
    assert done.code == 0, done.text
    assert frozen.read_bytes() == before
    refused = gelombang("run", "12", "--data", data, "--seed", "liked better")
    assert refused.code == 1
    assert "SeedOfBeaconWaveError" in refused.text
    assert gelombang("audit", "12", "--data", data).code == 0


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("commitment.json", '"quota": 40', '"quota": 41'),
        ("list/list.json", '"frozen_at": "20', '"frozen_at": "19'),
    ],
)
def test_a_commitment_or_a_list_that_was_made_again_is_named(
    published: Path, tmp_path: Path, name: str, before: str, after: str
) -> None:
    data = Path(shutil.copytree(published, tmp_path / "data"))
    path = data / "published" / "wave-0012" / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    done = gelombang("audit", "12", "--language", "en", "--data", data)
    assert done.code == 1, done.text
    assert f"published/wave-0012/{name}: is not the one in the record" in done.text
