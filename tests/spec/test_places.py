"""Tiers, places, selfies and reviewers: who is accepted, who waits, and who leaves an empty place."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.spec.world import VERDICT, World, kk, nik, wave

PRIORITY, PUBLIC = ["P1", "P2", "P3", "P4"], ["U1", "U2", "U3", "U4", "U5", "U6"]
FAIL: dict[str, Any] = {"outcome": "rejected", "reasons": ["blur"], "decision": "doubt", "similarity": 0.5}
DOUBT: dict[str, Any] = {"outcome": "review", "reasons": [], "decision": "doubt", "similarity": 0.5}
SEED = "seed"


def order(ids: list[str]) -> list[str]:
    """The ids of one tier as the draw has them."""
    return sorted(ids, key=lambda id_: hashlib.sha256(f"{SEED}:{id_}".encode()).hexdigest())


P, U = order(PRIORITY), order(PUBLIC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Four listed people and six of the public, none with a fault."""
    world = World(tmp_path)
    for n, id_ in enumerate([*PRIORITY, *PUBLIC], 1):
        world.apply(wave(3), id_, world.person(nik(n), kk=kk(n)), kk=kk(n))
        if id_ in PRIORITY:
            world.enter("priority", nik(n), listed_by="KEMNAKER")
    return world


def run(
    world: World, *, verdicts: dict | None = None, reviews: dict | None = None, **changes: Any
) -> dict[str, list[str]]:
    """Ids by outcome, each in the order of its table."""
    this = wave(3, **{"seed": SEED, "selfie": "off", **changes})
    world.screen(this)
    decided = world.decide(this, verdicts, reviews)
    by = {outcome: [i for i, row in decided.items() if row["outcome"] == outcome] for outcome in ("rejected", "review")}
    cohort, reserve = world.out(this, "cohort"), world.out(this, "reserve")
    assert [row["rank"] for row in cohort] == list(range(1, len(cohort) + 1))
    assert all(decided[row["registration_id"]]["position"] == row["position"] for row in reserve)
    return {
        "accepted": [row["registration_id"] for row in cohort],
        "reserve": [row["registration_id"] for row in reserve],
        **by,
    }


@pytest.mark.parametrize(
    ("quota", "share", "priority", "public"),
    [
        # quota, share of it kept for the listed: how many of each hold a place
        (3, 1.0, 3, 0),
        (5, 1.0, 4, 1),  # the listed are four; the public has what they leave
        (5, 0.8, 4, 1),
        (5, 0.5, 2, 3),  # ⌊2.5⌋ for the listed
        (5, 0.0, 0, 5),
        (9, 0.2, 3, 6),  # ⌊1.8⌋ = 1 kept, and the public leaves two
        (10, 0.5, 4, 6),
        (99, 0.5, 4, 6),
        (1, 0.99, 0, 1),
    ],
)
def test_places(world: World, quota: int, share: float, priority: int, public: int):
    found = run(world, quota=quota, priority_share=share)
    assert found["accepted"] == P[:priority] + U[:public]
    assert found["reserve"] == P[priority:] + U[public:]


def test_after_the_draw_whoever_fails_leaves_an_empty_place(world: World):
    found = run(world, quota=6, selfie="after_draw", verdicts={P[0]: FAIL, U[1]: FAIL})
    assert found["accepted"] == [*P[1:4], U[0]]
    assert found["rejected"] == sorted([P[0], U[1]])
    assert found["reserve"] == U[2:]


def test_only_the_first_of_the_draw_are_verified(world: World):
    run(world, quota=6, selfie="after_draw")
    assert world.verified == [P + U[:2]]


def test_refill_takes_the_next_of_the_same_tier_then_of_the_other(world: World):
    found = run(
        world,
        quota=4,
        priority_share=0.5,
        refill=True,
        selfie="after_draw",
        verdicts={P[0]: FAIL, P[2]: FAIL, P[3]: FAIL},
    )
    # P0 fails → P2, who fails → P3, who fails → nobody is left there, so the public has the place
    assert world.verified == [P[:2] + U[:2], [P[2]], [P[3]], [U[2]]]
    assert found["accepted"] == [P[1], *U[:3]]
    assert found["reserve"] == U[3:]


def test_refill_ends_when_nobody_is_left(world: World):
    found = run(world, quota=8, refill=True, selfie="after_draw", verdicts=dict.fromkeys(PRIORITY, FAIL))
    assert found["accepted"] == U
    assert found["reserve"] == []


def test_before_the_draw_everyone_is_verified_and_the_draw_is_among_who_passed(world: World):
    found = run(world, quota=5, selfie="before_draw", verdicts={P[1]: FAIL, U[0]: FAIL})
    assert world.verified == [P + U]
    assert found["accepted"] == [P[0], P[2], P[3], U[1], U[2]]
    assert found["reserve"] == U[3:]


def test_under_review_nobody_holds_a_place(world: World):
    found = run(world, quota=6, selfie="after_draw", verdicts={P[1]: DOUBT})
    assert found["accepted"] == [P[0], P[2], P[3], *U[:2]]
    assert found["review"] == [P[1]]


def test_a_reviewer_who_accepts_puts_them_where_the_draw_had_them(world: World):
    found = run(world, quota=6, selfie="after_draw", verdicts={P[1]: DOUBT}, reviews={P[1]: "accept"})
    assert found["accepted"] == P + U[:2]


def test_a_reviewer_who_rejects_ends_it(world: World):
    this = wave(3, seed=SEED, quota=6, selfie="after_draw")
    world.screen(this)
    decided = world.decide(this, {P[1]: DOUBT}, {P[1]: "reject"})
    assert (decided[P[1]]["outcome"], decided[P[1]]["reasons"], decided[P[1]]["retry"]) == (
        "rejected",
        ["face_mismatch"],
        "photo",
    )


def test_whoever_an_officer_refused_without_a_reference_reads_that_he_looked(world: World):
    this = wave(3, seed=SEED, quota=6, selfie="after_draw")
    unseen = {**DOUBT, "reasons": ["reference_missing"], "decision": None, "similarity": None}
    world.screen(this)
    decided = world.decide(this, {P[0]: unseen, P[1]: unseen}, {P[1]: "reject"})
    assert (decided[P[0]]["outcome"], decided[P[0]]["reviewed"]) == ("review", False)
    assert (decided[P[1]]["outcome"], decided[P[1]]["reviewed"]) == ("rejected", True)
    assert (decided[P[1]]["reasons"], decided[P[1]]["retry"]) == (["reference_missing"], "photo")
    [row] = world.out(this, "rejections")
    assert "could not confirm" in row["message_en"]
    assert "will" not in row["message_en"]


def test_a_reviewer_decides_only_what_is_under_review(world: World):
    found = run(world, quota=6, selfie="after_draw", verdicts={P[0]: FAIL}, reviews={P[0]: "accept", P[1]: "reject"})
    assert found["rejected"] == [P[0]]
    assert P[1] in found["accepted"]
    assert not any(row["reviewed"] for row in world.out(wave(3), "decisions"))


@pytest.mark.parametrize("review", ["accept", "reject", None])
def test_refill_counts_a_place_that_a_reviewer_gave(world: World, review: str | None):
    reviews = {P[0]: review} if review else None
    found = run(world, quota=2, refill=True, selfie="after_draw", verdicts={P[0]: DOUBT}, reviews=reviews)
    assert found["accepted"] == (P[:2] if review == "accept" else P[1:3])


def test_without_selfies_nobody_is_verified(world: World):
    found = run(world, quota=6, selfie="off", verdicts={P[0]: FAIL})
    assert world.verified == [[]]
    assert found["accepted"] == P + U[:2]


def test_every_application_has_exactly_one_decision_and_retry_is_the_hardest(world: World):
    this = wave(3, seed=SEED, quota=6, selfie="after_draw")
    world.apply(this, "X1", nik(1), kk=kk(1), submitted_at=this.opens, email_verified=False)
    world.enter("bansos", nik(10), programme="PKH", status="active")
    world.screen(this)
    decided = world.decide(this, {P[0]: FAIL})
    assert sorted(decided) == sorted([*PRIORITY, *PUBLIC, "X1"])
    assert (decided["X1"]["layer"], decided["X1"]["retry"]) == ("registration", "data")
    assert (decided["U6"]["layer"], decided["U6"]["retry"]) == ("bansos", "none")
    assert (decided[P[0]]["layer"], decided[P[0]]["retry"]) == ("selfie", "photo")
    for id_, row in decided.items():
        assert (row["position"] is None) == (id_ in ("X1", "U6"))
        assert (row["rank"] is None) == (row["outcome"] != "accepted")
        assert (row["similarity"] == VERDICT["similarity"]) == (row["outcome"] == "accepted")
        assert row["draw"] == hashlib.sha256(f"{SEED}:{id_}".encode()).hexdigest()


def test_rejections_say_what_to_do_and_mask_the_number(world: World):
    this = wave(3, seed=SEED, quota=6, selfie="after_draw")
    world.screen(this)
    world.decide(this, {P[0]: FAIL})
    [row] = world.out(this, "rejections")
    assert row["nik_masked"] == "3171************"
    assert "Swafoto" in row["message_id"]
    assert "selfie" in row["message_en"]
