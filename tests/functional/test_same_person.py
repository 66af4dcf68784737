"""One person under several numbers and one picture under several: found by a wave, settled by a reviewer."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.domain.settings import settings
from pipeline.selfie.policy import BUILT_IN
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from pipeline.wave_run import kept_prints
from tests.functional.conftest import WAVE, Finished, gelombang, run, simulate
from tests.functional.test_review import decide, reviewing
from tests.spec.world import wave

Row = dict[str, Any]
QUOTA = "4"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wave with so few places that everybody who is drawn has a face of their own; faces are compared."""
    data = tmp_path_factory.mktemp("people") / "data"
    simulate(data, "--registrations", "600", "--population", "20000", "--quota", QUOTA, "--seed", "1")
    calendar = data / "calendar.toml"
    assert 'same_person = "check"' in calendar.read_text()
    policy = (BUILT_IN / f"{settings().selfie.model}.toml").read_text()
    if "one_against_all" not in policy:
        policy = f"one_against_all = 0.975\n{policy}"  # between the packaged faces, and far from safe for others
    (data / "faces.toml").write_text(policy)
    calendar.write_text(f'{calendar.read_text().rstrip()}\nselfie_policy = "faces.toml"\n')
    return data


@pytest.fixture
def data(few: Path, tmp_path: Path) -> Path:
    shutil.copytree(few, tmp_path / "data")
    return tmp_path / "data"


def table(done: Finished | Path, name: str) -> list[Row]:
    folder = done.out if isinstance(done, Finished) else done
    return list(read_table(folder / f"{name}.parquet").to_pylist())


def photographs(data: Path, id_: str) -> tuple[Path, Path]:
    """An application's selfie, and the register's photograph of its NIK."""
    drawn = read_table(data / "work" / f"wave-{WAVE:04d}" / "drawn.parquet").to_pylist()
    [row] = [row for row in drawn if row["registration_id"] == id_]
    return data / f"landing/wave-{WAVE:04d}/selfies" / row["selfie"], data / "extracts/photos" / row["reference"]


def under_another_number(data: Path, person: str, other: str, *, copied: bool) -> None:
    """``person`` applies as ``other`` too, whose NIK has their photograph: with a new selfie, or with the same one."""
    (selfie, reference), (target, target_reference) = photographs(data, person), photographs(data, other)
    shutil.copy(reference, target_reference)
    if copied:
        shutil.copy(selfie, target)
        return
    from pipeline.simulate.photos.face_sources import Source, portrait
    from pipeline.simulate.photos.portraits import selfie as taken

    face = portrait(Source(selfie))
    assert face is not None
    target.write_bytes(taken(face, face, None, np.random.default_rng(8)))


def test_pairs_go_to_a_person_who_settles_them_either_way(data: Path):
    first = run(data)
    assert first.code == 0, first.text
    cohort = [row["registration_id"] for row in table(first, "cohort")]
    assert len(cohort) >= 4, first.text
    assert not [row for row in table(first, "review") if row["others"]]
    one, again, host, copier = cohort[:4]
    under_another_number(data, one, again, copied=False)
    under_another_number(data, host, copier, copied=True)
    second = run(data)
    assert second.code == 0, second.text
    waiting = {row["registration_id"]: row for row in table(second, "review")}
    assert set(waiting) >= {one, again, host, copier}
    named = {id_: [(o["wave"], o["registration_id"]) for o in row["others"]] for id_, row in waiting.items()}
    assert named[one] == [(WAVE, again)]
    assert named[again] == [(WAVE, one)]
    assert named[host] == [(WAVE, copier)]
    assert waiting[one]["reasons"] == ["same_person"]
    assert waiting[host]["reasons"] == ["same_person", "reused_photo"]
    assert waiting[host]["others"][0]["same_file"]
    assert not set(waiting) & {row["registration_id"] for row in table(second, "cohort")}

    texts = {row["registration_id"]: row for row in table(second, "notices")}
    for id_, other in ((one, again), (host, copier)):  # nobody is told of another
        said = json.dumps(texts[id_], default=str)
        assert other not in said
        assert "officer" in texts[id_]["email_en"]
    explained = gelombang("explain", str(WAVE), one, "--data", data)
    assert explained.code == 0, explained.text

    with reviewing(data, "Dewi") as client:
        page = client.get("/find", params={"case": one, "lang": "en"}, follow_redirects=True).text
        assert again in page
        assert "/other/0" in page
        number = page.split("/photo/")[1].split("/")[0]
        assert client.get(f"/photo/{number}/other/0").headers["content-type"] == "image/jpeg"
        assert client.get(f"/photo/{number}/other/1").status_code == 404
        for id_, decision in ((one, "accept"), (again, "reject"), (host, "accept"), (copier, "reject")):
            decide(client, id_, decision)
    third = run(data)
    assert third.code == 0, third.text
    decided = {row["registration_id"]: row for row in table(third, "decisions")}
    assert {id_: decided[id_]["outcome"] for id_ in (one, again, host, copier)} == {
        one: "accepted", host: "accepted", again: "rejected", copier: "rejected"
    }  # fmt: skip
    assert decided[again]["reasons"] == ["same_person"]
    assert decided[again]["retry"] == "photo"
    [refused] = [row for row in table(third, "rejections") if row["registration_id"] == again]
    assert "could not confirm" in refused["message_en"]
    trail = data / f"landing/wave-{WAVE:04d}/reviews/audit/decisions.jsonl"
    lines = [json.loads(line) for line in trail.read_text().splitlines()]
    assert next(line for line in lines if line["registration_id"] == one)["others"] == [
        {"wave": WAVE, "registration_id": again}
    ]

    prints = data / "work" / "descriptors" / f"wave-{WAVE:04d}"
    assert prints.is_dir()  # of the accepted, until they are published
    published = gelombang("publish", str(WAVE), "--decree", "SK-1", "--data", data)
    assert published.code == 0, published.text
    assert not prints.exists()
    [kept] = kept_prints.of_earlier_waves(Store.at(data), wave(WAVE + 1), date.today())
    cohort = table(data / f"published/wave-{WAVE:04d}/rev-1", "cohort")
    assert {id_ for id_, _ in kept.people} == {row["registration_id"] for row in cohort} >= {one, host}
    for secret in (*[row["nik"] for row in cohort], *[row["full_name"] for row in cohort]):
        assert secret not in (data / "work" / f"wave-{WAVE:04d}.log").read_text(errors="replace")

    before = [(third.out / f"{name}.parquet").read_bytes() for name in ("decisions", "review", "cohort")]
    shutil.rmtree(data / "work")
    last = run(data, "--shards", "2", GELOMBANG_SELFIE__WORKERS="1")
    assert last.code == 0, last.text
    assert before == [(last.out / f"{name}.parquet").read_bytes() for name in ("decisions", "review", "cohort")]


def test_an_applicant_from_the_reserve_with_their_face_takes_no_place_from_the_approved(data: Path):
    calendar = data / "calendar.toml"
    calendar.write_text(calendar.read_text().replace("refill = false", "refill = true"))
    first = run(data)
    assert first.code == 0, first.text
    cohort, reserve = table(first, "cohort"), table(first, "reserve")
    gone, victim = cohort[0], cohort[1]["registration_id"]
    forger = next(row["registration_id"] for row in reserve if row["tier"] == gone["tier"])
    under_another_number(data, victim, forger, copied=True)
    listed = data / "extracts/blacklist/asof=2021-03-10/part-000.parquet"
    write_table(pa.table({"nik": [gone["nik"]], "reason": ["data ganda"], "since": [date(2021, 3, 1)]},
                         schema=contracts.BLACKLIST), listed, contracts.BLACKLIST)  # fmt: skip
    published = gelombang("publish", str(WAVE), "--decree", "SK-1", "--data", data)
    assert published.code == 0, published.text
    revision = data / f"published/wave-{WAVE:04d}/rev-1"
    after = {row["registration_id"] for row in table(revision, "cohort")}
    assert victim in after
    assert not after & {gone["registration_id"], forger}
    assert len(after) == len(cohort)  # the next after the forger has the place
    assert {row["registration_id"] for row in table(revision, "notices")} == (
        {row["registration_id"] for row in cohort} ^ after
    )
    last = {row["registration_id"]: row for row in table(data / f"work/wave-{WAVE:04d}/publication/out", "decisions")}
    assert (last[forger]["outcome"], last[forger]["reasons"]) == ("review", ["same_person", "reused_photo"])
