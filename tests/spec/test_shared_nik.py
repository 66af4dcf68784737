"""Two people under one NIK, and two sound applications of one person: who decides, and who keeps a place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.spec.world import World, kk, nik, wave

OFF = wave(4, quota=2)  # no selfies
NUMBER = nik(1)
OTHER = {"full_name": "JOKO WIDODO", "birth_date": date(1985, 2, 3), "kk": kk(2)}
DOUBT = {"outcome": "review", "decision": "doubt", "similarity": 0.5}
MISMATCH = {"outcome": "rejected", "reasons": ["face_mismatch"], "decision": "mismatch", "similarity": 0.1}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two people of one NIK, who both apply, and three others."""
    world = World(tmp_path)
    world.person(NUMBER)
    world.person(NUMBER, **OTHER)
    world.apply(OFF, "S1", NUMBER)
    world.apply(OFF, "S2", NUMBER, **OTHER)
    for serial in (2, 3, 4):
        world.apply(OFF, f"R{serial}", world.person(nik(serial)))
    return world


def outcomes(world: World, quota: int, reviews: dict[str, str] | None = None, **changes) -> dict[str, str]:
    this = wave(4, quota=quota, **changes)
    world.screen(this)
    return {id_: row["outcome"] for id_, row in world.decide(this, reviews=reviews).items()}


def test_neither_is_the_others_duplicate_and_both_are_reported(world: World):
    found = world.screen(OFF)
    assert {id_: (found[id_]["reasons"], found[id_]["warnings"]) for id_ in ("S1", "S2")} == {
        "S1": ([], ["shared_nik"]),
        "S2": ([], ["nik_birth_date", "shared_nik"]),
    }


def test_who_would_be_placed_goes_to_a_reviewer_and_takes_no_place(world: World):
    assert outcomes(world, 5) == {
        **dict.fromkeys(("S1", "S2"), "review"),
        **dict.fromkeys(("R2", "R3", "R4"), "accepted"),
    }
    [row, _] = world.out(OFF, "review")
    assert (row["registration_id"], row["reasons"]) == ("S1", ["shared_nik"])


def test_who_would_not_be_placed_waits_in_the_reserve(world: World):
    this = wave(4, quota=1)
    world.screen(this)
    order = list(world.draw(this))
    decided = world.decide(this)
    placed = next(id_ for id_ in order if id_.startswith("R"))
    for id_ in ("S1", "S2"):
        expected = "review" if order.index(id_) < order.index(placed) else "reserve"
        assert decided[id_]["outcome"] == expected, order


def test_a_reviewer_accepts_one_and_refuses_the_other(world: World):
    found = outcomes(world, 5, {"S1": "accept", "S2": "reject"})
    assert (found["S1"], found["S2"]) == ("accepted", "rejected")
    [refused] = world.out(OFF, "rejections")
    assert (refused["reasons"], refused["layer"], refused["retry"]) == (["shared_nik"], "identity", "data")
    assert "could not confirm" in refused["message_en"]
    assert {row["registration_id"] for row in world.out(OFF, "decisions") if row["reviewed"]} == {"S2"}


@pytest.mark.parametrize("mode", ["after_draw", "before_draw"])
@pytest.mark.parametrize("refill", [True, False])
def test_with_selfies_a_face_that_matches_does_not_settle_whose_number_it_is(world: World, mode: str, refill: bool):
    found = outcomes(world, 5, selfie=mode, refill=refill)
    assert found == {**dict.fromkeys(("S1", "S2"), "review"), **dict.fromkeys(("R2", "R3", "R4"), "accepted")}


def test_a_reviewer_of_a_doubtful_face_reads_that_the_number_is_shared_too(world: World):
    this = wave(4, quota=5, selfie="after_draw")
    world.screen(this)
    decided = world.decide(this, {"S1": DOUBT, "R2": DOUBT})
    assert [(decided[i]["outcome"], decided[i]["reasons"]) for i in ("S1", "R2")] == [
        ("review", ["shared_nik"]),
        ("review", []),
    ]


def test_with_refill_the_place_goes_to_the_next_in_line(world: World):
    found = outcomes(world, 3, selfie="after_draw", refill=True)
    assert [found[f"R{n}"] for n in (2, 3, 4)] == ["accepted"] * 3


def test_an_earlier_place_of_one_does_not_refuse_the_other(world: World):
    world.accepted(NUMBER)  # BUDI SANTOSO
    found = world.screen(OFF)
    assert (found["S1"]["reasons"], found["S2"]["reasons"]) == (["already_accepted"], [])


def test_the_same_number_for_the_same_person_is_still_one_place(world: World):
    world.person(nik(2), alive=True)  # once more, the same
    world.accepted(nik(2))
    assert world.screen(OFF)["R2"]["reasons"] == ["already_accepted"]


@pytest.mark.parametrize("rows", [1, 2])
def test_an_earlier_place_under_another_name_counts_where_nobody_shares_the_number(tmp_path: Path, rows: int):
    world = World(tmp_path)
    for _ in range(rows):
        world.person(NUMBER, full_name="SITI AMINAH")
    world.apply(OFF, "R1", NUMBER, full_name="SITI AMINAH")
    world.accepted(NUMBER)  # as BUDI SANTOSO
    assert world.screen(OFF)["R1"]["reasons"] == ["already_accepted"]


@pytest.mark.parametrize(
    ("review", "outcome", "reasons"),
    [(None, "review", ["face_mismatch"]), ("accept", "accepted", []), ("reject", "rejected", ["face_mismatch"])],
)
def test_a_contested_application_is_not_refused_by_the_machine(tmp_path: Path, review, outcome, reasons):
    this = wave(4, quota=5, selfie="after_draw")
    world = World(tmp_path)
    world.person(NUMBER)
    world.apply(this, "A1", NUMBER, submitted_at=this.opens)
    world.apply(this, "A2", NUMBER, phone="081200000009", email="x@contoh.id")
    world.apply(this, "B1", world.person(nik(2)))
    world.screen(this)
    decided = world.decide(this, dict.fromkeys(("A2", "B1"), MISMATCH), {"A2": review} if review else None)
    assert (decided["A2"]["outcome"], decided["A2"]["reasons"]) == (outcome, reasons)
    assert decided["A1"]["reasons"] == ["duplicate_application"]
    assert decided["A2"]["warnings"] == ["contested"]
    assert decided["B1"]["outcome"] == "rejected"


def test_ten_later_empty_applications_change_no_outcome(tmp_path: Path):
    this = wave(4, quota=10)
    world = World(tmp_path)
    for serial in range(1, 31):
        world.apply(this, f"R{serial:02d}", world.person(nik(serial)), submitted_at=this.opens)
    world.screen(this)
    before = world.decide(this)
    first = sorted((row for row in before.values() if row["rank"]), key=lambda row: row["rank"])
    empty = {"full_name": "X", "kk": "0", "birth_date": None, "email_verified": False, "phone_verified": False}
    for n, row in enumerate(first):
        world.apply(this, f"X{n}", row["nik"], **empty)
    world.screen(this)
    after = world.decide(this)
    assert {id_: after[id_] for id_ in before} == before
    assert {after[f"X{n}"]["outcome"] for n in range(10)} == {"rejected"}
    assert all("identity_mismatch" in after[f"X{n}"]["reasons"] for n in range(10))
