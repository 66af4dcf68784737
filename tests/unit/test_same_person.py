"""A wave's selfies against each other and against those accepted earlier: who goes to a person, with whom, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import SealedFileError
from pipeline.domain.run_ref import RunRef
from pipeline.domain.settings import settings
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.selfie.networks.unit_length import unit
from pipeline.selfie.one_against_all.prints import Look, Print, rows_of
from pipeline.selfie.policy import BUILT_IN
from pipeline.storage.files import read_json, read_table, write_json, write_table
from pipeline.storage.paths import Store
from pipeline.wave_run import kept_prints
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_end import end_of_run
from pipeline.wave_run.same_person import MOST_OTHERS, compare
from pipeline.wave_run.selfie_rounds import print_folder
from tests.spec.world import World, nik, wave
from tests.unit.test_draw import screened

TODAY = date(2020, 5, 1)
FACES = unit(np.random.default_rng(1).standard_normal((60, 128)).astype(np.float32))
NEAR = unit(FACES + 0.02 * FACES[::-1])  # another photograph of the same people
PICTURES = np.random.default_rng(2).integers(0, 2**63, (60, 4), dtype=np.uint64)


@dataclass(frozen=True)
class One:
    """An application's photograph: whose face, which picture, which file, and how the comparison ended."""

    face: np.ndarray | None
    picture: int
    file: str
    outcome: str = "passed"
    reasons: tuple[str, ...] = ()
    number: str | None = None
    reference: tuple[str, int] | None = None  # its file and picture
    extra: dict[str, Any] = field(default_factory=dict)


def digest(name: str) -> bytes:
    return name.encode().ljust(32, b".")


def run_of(root: Path, people: Mapping[str, One], this: Wave, *, prints: bool = True) -> Plan:
    """A run whose selfies were verified, as its tables and prints have it."""
    root.mkdir(parents=True, exist_ok=True)
    policy = (BUILT_IN / f"{settings().selfie.model}.toml").read_text()
    lines = [line for line in policy.splitlines() if not line.startswith("one_against_all")]
    (root / "policy.toml").write_text("one_against_all = 0.9\n" + "\n".join(lines))
    run = Plan(Store.at(root), this, {}, None, datetime(2020, 4, 17))
    tables: dict[str, list[dict[str, Any]]] = {"screened": [], "drawn": [], "verdicts/round-0000": []}
    for place, (id_, one) in enumerate(people.items(), start=1):
        reference = of_register = None
        if one.reference:
            reference = digest(one.reference[0])
            of_register = Look(reference, PICTURES[one.reference[1]], FACES[-1])
        base = {"registration_id": id_, "selfie": f"{one.file}.jpg", "reference": None, "tier": "public"}
        tables["screened"].append({**base, "nik": one.number or nik(place), "mask": 0, "warned": 0})
        tables["drawn"].append({**base, "position": place, "to_verify": True})
        hashes = {"selfie_sha256": digest(one.file).hex(), "reference_sha256": reference and reference.hex()}
        tables["verdicts/round-0000"].append(
            {**base, "outcome": one.outcome, "reasons": list(one.reasons), "warnings": [], **hashes}
        )
        if prints:
            selfie = Look(digest(one.file), PICTURES[one.picture], one.face)
            log = print_folder(run).log_of_this_process(run.selfie_policy().model)
            log.put([Print.of(selfie, of_register, reference)])
    schemas = {"screened": contracts.SCREENED, "drawn": contracts.DRAWN, "verdicts/round-0000": contracts.VERDICTS}
    for name, rows in tables.items():
        table = pa.Table.from_pylist([{n: row.get(n) for n in schemas[name].names} for row in rows], schemas[name])
        write_table(table, run.work / f"{name}.parquet", schemas[name])
    return run


def compared(run: Plan, today: date = TODAY) -> dict[str, tuple[list[str], list[tuple[int, str]]]]:
    """Who goes to a person: reasons, and the others by wave and registration_id."""
    compare(run, today)
    rows = read_table(run.work / SAME_PERSON).to_pylist()
    return {
        row["registration_id"]: (row["reasons"], [(o["wave"], o["registration_id"]) for o in row["others"]])
        for row in rows
    }


def this_wave(**changes: Any) -> Wave:
    return wave(3, seed="s", selfie_policy="policy.toml", **changes)


def test_one_face_under_two_numbers_is_named_on_both_sides(tmp_path: Path):
    people = {
        "A": One(FACES[0], 0, "a"),
        "B": One(NEAR[0], 1, "b"),
        "C": One(FACES[1], 2, "c"),
        "D": One(NEAR[1], 3, "d", "review"),  # in doubt: the reviewer must know
        "E": One(NEAR[1], 4, "e", "rejected", ("face_mismatch",)),  # not verified: a stranger's face proves nothing
        "F": One(FACES[2], 5, "f"),
        "G": One(None, 6, "g", "rejected", ("no_face",)),
    }
    found = compared(run_of(tmp_path, people, this_wave()))
    assert found == {
        "A": (["same_person"], [(3, "B")]),
        "B": (["same_person"], [(3, "A")]),
        "C": (["same_person"], [(3, "D")]),
        "D": (["same_person"], [(3, "C")]),
    }


def test_one_picture_under_two_numbers_counts_wherever_it_came(tmp_path: Path):
    people = {
        "A": One(FACES[0], 0, "a"),
        "B": One(FACES[1], 0, "a", "rejected", ("face_mismatch",)),  # the same file, sent for another's number
        "C": One(FACES[2], 2, "c"),
        "D": One(FACES[2], 2, "d"),  # encoded anew
    }
    found = compared(run_of(tmp_path, people, this_wave()))
    assert found == {
        "A": (["reused_photo"], [(3, "B")]),
        "C": (["same_person", "reused_photo"], [(3, "D")]),
        "D": (["same_person", "reused_photo"], [(3, "C")]),
    }


def test_the_registers_own_photograph_as_a_selfie(tmp_path: Path):
    people = {
        "A": One(FACES[0], 0, "a", reference=("a", 0)),
        "B": One(FACES[1], 1, "b", reference=("x", 1)),
        "C": One(FACES[2], 2, "c", reference=("y", 40)),
        "D": One(FACES[3], 3, "d", "rejected", ("blur",), reference=("d", 3)),
    }
    assert compared(run_of(tmp_path, people, this_wave())) == {"A": (["reused_photo"], []), "B": (["reused_photo"], [])}


def test_one_number_is_not_another(tmp_path: Path):
    people = {"A": One(FACES[0], 0, "a", number=nik(7)), "B": One(NEAR[0], 1, "b", number=nik(7))}
    assert compared(run_of(tmp_path, people, this_wave())) == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"same_person": "files"}, {"A": ["reused_photo"], "B": ["reused_photo"]}),
        ({"same_person": "off"}, {}),
        ({"selfie": "off"}, {}),
    ],
)
def test_what_a_wave_asks_for(tmp_path: Path, changes: dict[str, Any], expected: dict[str, list[str]]):
    people = {"A": One(FACES[0], 0, "a"), "B": One(FACES[0], 0, "a"), "C": One(FACES[0], 0, "c")}
    found = compared(run_of(tmp_path, people, this_wave(**changes)))
    assert {id_: reasons for id_, (reasons, _) in found.items()} == expected


def test_a_picture_under_very_many_numbers_names_a_few(tmp_path: Path):
    people = {f"R{n:02d}": One(FACES[0], 0, "a") for n in range(40)}
    found = compared(run_of(tmp_path, people, this_wave()))
    assert len(found) == 40
    assert found["R00"][1] == [(3, f"R{n:02d}") for n in range(1, MOST_OTHERS + 1)]


def test_the_same_bytes_whatever_the_order_of_the_prints(tmp_path: Path):
    people = {f"R{n:02d}": One((FACES, NEAR)[n % 2][n // 2], n, f"f{n}") for n in range(30)}
    written = []
    for name, order in (("one", 1), ("two", -1)):
        run = run_of(tmp_path / name, dict([*people.items()][::order]), this_wave())
        assert len(compared(run)) == 30
        written.append((run.work / SAME_PERSON).read_bytes())
    assert written[0] == written[1]


def kept(root: Path, number: int, faces: np.ndarray, picture: int, published: date = TODAY, **changes: Any) -> Path:
    this = wave(number, seed="s")
    prints = rows_of([Print(Look(digest(f"kept {number}"), PICTURES[picture], face)) for face in faces], 128)
    who = [(f"W{number}-{n}", f"{n}.jpg") for n in range(len(faces))]
    model = changes.pop("model", settings().selfie.model)
    return kept_prints.keep(
        Store.at(root),
        this,
        revision=changes.pop("revision", 1),
        model=model,
        people=who,
        prints=prints,
        published=published,
    )


def test_the_accepted_of_earlier_waves(tmp_path: Path):
    run = run_of(tmp_path, {"A": One(FACES[0], 0, "a"), "B": One(FACES[1], 1, "b")}, this_wave())
    kept(tmp_path, 1, NEAR[0:1], 40)
    kept(tmp_path, 2, FACES[5:6], 1)  # the picture, whatever the face
    kept(tmp_path, 4, NEAR[0:1], 41)  # later than this wave
    assert compared(run) == {"A": (["same_person"], [(1, "W1-0")]), "B": (["reused_photo"], [(2, "W2-0")])}
    record = read_json(run.work / "same_person.json")
    assert [known["wave"] for known in record["earlier"]] == [1, 2]
    row = read_table(run.work / SAME_PERSON).to_pylist()[0]
    assert row["others"][0]["selfie"] == "0.jpg"


def test_another_recognisers_faces_are_not_compared(tmp_path: Path):
    run = run_of(tmp_path, {"A": One(FACES[0], 0, "a")}, this_wave())
    kept(tmp_path, 1, NEAR[0:1], 40, model="ArcFace")
    assert compared(run) == {}


def test_what_is_kept_ends_on_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_SELFIE__KEEP_DESCRIPTORS_DAYS", "30")
    settings.cache_clear()
    try:
        run = run_of(tmp_path, {"A": One(FACES[0], 0, "a")}, this_wave())
        path = kept(tmp_path, 1, NEAR[0:1], 40)
        assert path.stat().st_mode & 0o777 == 0o600
        last = TODAY + timedelta(days=30)
        assert "A" in compared(run, last)
        assert compared(run, last + timedelta(days=1)) == {}  # ignored, although nobody has deleted it yet
        assert kept_prints.delete_expired(run.store, last) == 0
        assert kept_prints.delete_expired(run.store, last + timedelta(days=1)) == 1
        assert not path.exists()
    finally:
        settings.cache_clear()


def test_a_new_revision_takes_the_place_of_the_one_before(tmp_path: Path):
    first = kept(tmp_path, 1, NEAR[0:2], 40)
    second = kept(tmp_path, 1, NEAR[1:2], 41, revision=2)
    assert not first.exists()
    [found] = kept_prints.of_earlier_waves(Store.at(tmp_path), wave(3), TODAY)
    assert (found.revision, len(found.people)) == (2, 1)
    assert second.is_file()


def test_kept_prints_under_a_lost_key_are_an_error_and_never_a_silent_pass(tmp_path: Path, monkeypatch):
    run = run_of(tmp_path / "data", {"A": One(FACES[0], 0, "a")}, this_wave())
    kept(tmp_path / "data", 1, NEAR[0:1], 40)
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "new"))
    settings.cache_clear()
    try:
        with pytest.raises(SealedFileError, match="another key"):
            kept_prints.of_earlier_waves(run.store, run.wave, TODAY)
    finally:
        settings.cache_clear()


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ({}, {"A": "review", "B": "review", "C": "accepted", "D": "accepted"}),
        ({"A": "accept", "B": "reject"}, {"A": "accepted", "B": "rejected", "C": "accepted"}),
        ({"A": "accept", "B": "accept"}, {"A": "accepted", "B": "accepted"}),
    ],
)
@pytest.mark.parametrize("mode", ["after_draw", "before_draw"])
def test_a_reviewer_settles_it_and_with_refill_the_next_come_in(tmp_path: Path, mode, reviews, expected):
    this, world = wave(3, seed="s", quota=2, refill=True, selfie=mode), World(tmp_path)
    names = [f"R{n}" for n in range(6)]
    screened(world.work(this), dict.fromkeys(names, "public"))
    order = list(world.draw(this))
    called = dict(zip("ABCDEF", order, strict=True))
    rows = [{"registration_id": called[x], "reasons": ["same_person"], "others": []} for x in "AB"]
    write_table(
        pa.Table.from_pylist(rows, contracts.SAME_PERSON), world.work(this) / SAME_PERSON, contracts.SAME_PERSON
    )
    decided = world.decide(this, reviews={called[x]: decision for x, decision in reviews.items()})
    assert {x: decided[called[x]]["outcome"] for x in expected} == expected
    assert len(world.out(this, "cohort")) == 2
    for x in "AB":
        row = decided[called[x]]
        assert row["reasons"] == ([] if row["outcome"] == "accepted" else ["same_person"])
        assert row["retry"] == ("photo" if row["outcome"] == "rejected" else "none")


def test_prints_do_not_outlive_their_run(tmp_path: Path):
    from pipeline.storage import wave_lock

    run = run_of(tmp_path, {"A": One(FACES[0], 0, "a")}, this_wave())
    (tmp_path / "calendar.toml").write_text(
        '[[wave]]\nnumber = 3\nopens = 2020-04-27T00:00:00\ncloses = 2020-04-30T23:59:59\nquota = 2\nseed = "s"\n'
    )
    ref = RunRef(str(tmp_path), 3, "mine")
    folder = print_folder(run).folder
    wave_lock.take(run.store, run.wave, wave_lock.Holder("another's"))
    end_of_run(run.store, ref)
    assert list(folder.iterdir())  # another run holds the wave: its prints stay
    wave_lock.release(run.store, run.wave, "another's")
    wave_lock.take(run.store, run.wave, wave_lock.Holder("mine"))
    end_of_run(run.store, ref)
    assert list(folder.iterdir())  # the run failed and is run again
    (run.work / "out").mkdir()
    (run.work / "out" / "manifest.json").write_text("{}")
    end_of_run(run.store, ref)
    assert not list(folder.glob("*"))


def test_prints_of_the_accepted_wait_for_their_publication(tmp_path: Path):
    from pipeline.storage import wave_lock

    people = {"A": One(FACES[0], 0, "a"), "B": One(FACES[1], 1, "b", "rejected", ("blur",))}
    run = run_of(tmp_path, people, this_wave())
    times = "opens = 2020-04-27T00:00:00\ncloses = 2020-04-30T23:59:59\n"
    (tmp_path / "calendar.toml").write_text(f'[[wave]]\nnumber = 3\n{times}quota = 2\nseed = "s"\n')
    fields = {**vars(run.wave), "opens": run.wave.opens.isoformat(), "closes": run.wave.closes.isoformat()}
    plan = {"wave": fields, "extracts": {}, "shards": None, "started": "2020-05-01T00:00:00"}
    write_json(plan, run.path)
    write_json({}, run.work / "out" / "manifest.json")
    cohort = pa.Table.from_pylist([{**dict.fromkeys(contracts.COHORT.names), "registration_id": "A"}], contracts.COHORT)
    write_table(cohort, run.store.out(run.wave) / "cohort.parquet", contracts.COHORT)
    wave_lock.take(run.store, run.wave, wave_lock.Holder("mine"))
    end_of_run(run.store, RunRef(str(tmp_path), 3, "mine"))
    [rows] = print_folder(run).read(run.selfie_policy().model)
    assert [row["selfie"].tobytes() for row in rows] == [digest("a")]


def test_files_alone_are_compared_without_a_look_at_them(tmp_path: Path):
    people = {
        "A": One(None, 0, "a"),
        "B": One(None, 1, "a", "rejected", ("face_mismatch",)),
        "C": One(None, 2, "c", reference=("c", 2)),
    }
    run = run_of(tmp_path, people, this_wave(same_person="files"), prints=False)
    assert compared(run) == {"A": (["reused_photo"], [(3, "B")]), "C": (["reused_photo"], [])}
    assert not print_folder(run).folder.exists()


def test_the_keys_of_the_tests_are_never_those_of_the_user():
    assert settings().secrets == Path(os.environ["GELOMBANG_SECRETS"])
