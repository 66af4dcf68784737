"""A decision for every application, whatever the selfies and the reviewers say: the properties that always hold."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import contracts, reasons
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.effort import examples
from tests.spec.world import Row, World, wave
from tests.unit.test_draw import screened

OUTCOMES: dict[str, Row] = {
    "passed": {"outcome": "passed"},
    "blurred": {"outcome": "rejected", "reasons": ["blur"], "decision": "doubt"},
    "impostor": {"outcome": "rejected", "reasons": ["hat", "face_mismatch"], "decision": "mismatch"},
    "doubt": {"outcome": "review", "decision": "doubt"},
    "unphotographed": {"outcome": "review", "reasons": ["reference_missing"], "decision": None, "similarity": None},
}
person = st.tuples(
    st.sampled_from(contracts.TIERS), st.sampled_from([*OUTCOMES]), st.sampled_from([None, "accept", "reject"])
)
waves = st.builds(
    wave,
    st.just(3),
    seed=st.just("seed"),
    quota=st.integers(1, 12),
    priority_share=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    refill=st.booleans(),
    selfie=st.sampled_from(["after_draw", "before_draw", "off"]),
)


@examples(25)
@given(st.lists(person, min_size=1, max_size=14), waves)
def test_everyone_has_one_decision_and_places_go_in_draw_order(people, this):
    tiers = {f"R{n:02d}": tier for n, (tier, _, _) in enumerate(people)}
    verdicts = {f"R{n:02d}": OUTCOMES[outcome] for n, (_, outcome, _) in enumerate(people)}
    reviews = {f"R{n:02d}": review for n, (_, _, review) in enumerate(people) if review}
    with TemporaryDirectory() as root:
        world = World(Path(root))
        screened(world.work(this), tiers)
        decided = world.decide(this, verdicts, reviews)
        cohort = world.out(this, "cohort")
        tables = {
            name: [row["registration_id"] for row in world.out(this, name)]
            for name in ("reserve", "rejections", "review")
        }
    by = {o: [i for i, row in decided.items() if row["outcome"] == o] for o in contracts.OUTCOMES}

    assert list(decided) == sorted(tiers)
    assert sorted(row["registration_id"] for row in cohort) == by["accepted"]
    assert sorted(tables["reserve"]) == by["reserve"]
    assert (tables["rejections"], tables["review"]) == (by["rejected"], by["review"])
    assert [row["rank"] for row in cohort] == list(range(1, len(cohort) + 1))
    assert len(cohort) <= this.quota
    positions = [decided[row["registration_id"]]["position"] for row in cohort]
    assert positions == sorted(positions)
    for tier in contracts.TIERS:  # within a tier nobody who waits stands before someone who has a place
        line = [row["outcome"] for row in sorted(decided.values(), key=lambda r: r["position"]) if row["tier"] == tier]
        settled = [outcome for outcome in line if outcome in ("accepted", "reserve")]
        assert settled == sorted(settled)
    if this.selfie != "after_draw" or this.refill:  # an empty place and a person waiting for it never go together
        assert len(cohort) == this.quota or not by["reserve"]
    for row in decided.values():
        assert row["reasons"] == reasons.ordered(row["reasons"])
        assert bool(row["reasons"]) == (row["outcome"] == "rejected") or row["reasons"] == ["reference_missing"]
        assert row["retry"] == ("photo" if row["outcome"] == "rejected" else "none")
    assert this.selfie != "off" or not (by["rejected"] or by["review"])


def test_a_doubt_with_hidden_ears_goes_to_a_person_with_its_warning(tmp_path: Path):
    this, world = wave(3, seed="seed", quota=3), World(tmp_path)
    screened(world.work(this), dict.fromkeys(("R1", "R2", "R3"), "public"))
    doubt = {"outcome": "review", "decision": "doubt", "warnings": ["ears_hidden"]}
    decided = world.decide(this, dict.fromkeys(("R1", "R2", "R3"), doubt), {"R2": "accept", "R3": "reject"})
    assert {i: row["outcome"] for i, row in decided.items()} == {"R1": "review", "R2": "accepted", "R3": "rejected"}
    assert [row["reasons"] for row in decided.values()] == [[], [], ["face_mismatch"]]
    assert all(row["warnings"] == ["ears_hidden"] for row in decided.values())


def test_a_wave_in_which_nobody_is_eligible_has_an_empty_cohort(tmp_path: Path):
    this, world = wave(3, seed="seed"), World(tmp_path)
    screened(world.work(this), {})
    world.decide(this)
    assert world.out(this, "cohort") == []
    assert (world.work(this) / "eligible.txt").read_text() == ""


def test_the_same_wave_gives_the_same_bytes(tmp_path: Path):
    this = wave(3, seed="seed", quota=5, refill=True)
    tiers = {f"R{n:03d}": contracts.TIERS[n % 2] for n in range(40)}
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        screened(world.work(this), tiers)
        world.decide(this, dict.fromkeys([*tiers][::3], OUTCOMES["blurred"]))
        found.append({path.name: path.read_bytes() for path in (world.work(this) / "out").iterdir()})
    assert found[0] == found[1]


def test_reviews_may_name_applications_that_nobody_knows(tmp_path: Path):
    this, world = wave(3, seed="seed", quota=5), World(tmp_path)
    screened(world.work(this), {"R1": "public"})
    rows = pa.Table.from_pylist(
        [{**dict.fromkeys(contracts.REVIEWS.names), "registration_id": "NOBODY", "decision": "accept"}],
        contracts.REVIEWS,
    )
    write_table(rows, Store.at(tmp_path).work(this) / "reviews.parquet", contracts.REVIEWS)
    assert list(world.decide(this)) == ["R1"]
