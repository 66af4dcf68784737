"""The pipeline against an independent implementation of the contract, decision by decision."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.domain import contracts, reasons
from pipeline.storage.files import read_json, write_table
from pipeline.storage.paths import project_data
from tests.spec.world import KEY, Row, World, wave
from tests.unit import oracle
from tests.unit.random_country import Country

REGIONS = oracle.regions(project_data() / "reference" / "regions_2020.csv")
VERDICTS: list[Row] = [
    {"outcome": "passed", "reasons": []},
    {"outcome": "passed", "reasons": []},
    {"outcome": "passed", "reasons": []},
    {"outcome": "rejected", "reasons": ["blur", "dark"], "decision": "doubt"},
    {"outcome": "rejected", "reasons": ["face_mismatch"], "decision": "mismatch"},
    {"outcome": "review", "reasons": [], "decision": "doubt"},
    {"outcome": "review", "reasons": ["reference_missing"], "decision": None},
]
#: The second form of the draw.
BEACON = {"beacon": "demonstration"}
SHOWN = ("outcome", "reasons", "warnings", "layer", "retry", "tier", "draw", "position", "rank")


def differences(root: Path, seed: int, number: int, applications: int, **changes) -> tuple[list, Counter]:
    """Runs one random wave both ways; returns what differs, and how often reasons stood together."""
    this = wave(number, seed="" if changes.get("beacon") else f"seed-{seed}", **changes)
    root.mkdir()
    world = World(root)
    country = Country(world, this, seed)
    country.populate(applications * 4 // 5)
    country.apply(applications)
    earlier(world, sorted(country.accepted.items()))
    dice = random.Random(seed)
    verdicts = {a["registration_id"]: dice.choice(VERDICTS) for a in world.applications}
    reviews = {id_: dice.choice(["accept", "reject"]) for id_ in verdicts if dice.random() < 0.3}
    world.screen(this)
    found = world.decide(this, verdicts, reviews)
    judge = oracle.Oracle(world.extracts, country.accepted, REGIONS)
    judged = judge.screen(world.applications, this)
    if this.beacon:
        record = read_json(world.work(this) / "draw.json")
        assert judge.draw_by_beacon(judged, this, KEY, record["randomness"]) == record["seed"]
    expected = oracle.decide(judged, this, verdicts, reviews)
    assert list(found) == sorted(expected)
    shown = (*SHOWN, "ticket") if this.beacon else SHOWN
    wrong = [
        (id_, {key: (found[id_][key], row[key]) for key in shown if found[id_][key] != row[key]})
        for id_, row in expected.items()
    ]
    together: Counter = Counter()
    for row in expected.values():
        together.update([*row["reasons"], *combinations(row["reasons"], 2), row["outcome"], *row["warnings"]])
    return [(id_, fields) for id_, fields in wrong if fields], together


def earlier(world: World, people: list[tuple[str, str | None]]) -> None:
    """The earlier waves' cohorts: one published, one only run."""
    halves = {"published/wave-0001/rev-2": people[::2], "waves/wave-0002": people[1::2]}
    for folder, part in halves.items():
        rows = [{**dict.fromkeys(contracts.COHORT.names), "nik": nik, "full_name": name} for nik, name in part]
        table = pa.Table.from_pylist(rows, schema=contracts.COHORT)
        write_table(table, world.root / folder / "cohort.parquet", contracts.COHORT)


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (3, {"selfie": "after_draw", "quota": 60}),
        (4, {"selfie": "off", "quota": 90, "priority_share": 0.8}),
        (11, {"selfie": "before_draw", "quota": 70, "priority_share": 0.29}),
        (12, {"selfie": "after_draw", "refill": True, "quota": 80, "priority_share": 0.5}),
        (12, {"selfie": "after_draw", "refill": True, "quota": 5_000, "priority_share": 0.9}),
        (12, {**BEACON, "selfie": "off", "quota": 90, "priority_share": 0.8}),
        (12, {**BEACON, "selfie": "before_draw", "quota": 70, "priority_share": 0.29}),
        (12, {**BEACON, "selfie": "after_draw", "refill": True, "quota": 80, "priority_share": 0.5}),
        (3, {**BEACON, "selfie": "after_draw", "refill": True, "quota": 5_000, "priority_share": 0.9}),
    ],
)
def test_every_mode_of_a_wave(tmp_path: Path, number: int, changes: dict):
    for seed in range(2):
        wrong, _ = differences(tmp_path / str(seed), seed, number, 1_500, **changes)
        assert wrong[:3] == []


@pytest.mark.slow
@pytest.mark.parametrize("applications", [10_000, pytest.param(100_000, marks=pytest.mark.exhaustive)])
def test_a_large_wave_with_every_pair_of_faults(tmp_path: Path, applications: int):
    changes = {"refill": True, "quota": applications // 40, "priority_share": 0.6}
    wrong, together = differences(tmp_path / "data", 1, 12, applications, **changes)
    assert wrong[:3] == []
    codes = [code for code in reasons.codes() if reasons.catalogue()[code].layer != "selfie"]
    assert not [code for code in codes if not together[code]]
    # with these, registers are not asked, or they are judged last; what agrees with nobody is nobody's duplicate
    alone = {"duplicate_id", "nik_malformed", "nik_unknown", "kk_limit", "shared_nik"}
    pairs = [pair for pair in combinations(codes, 2) if not alone & set(pair)]
    assert not [pair for pair in pairs if not together[pair]]
    assert all(together[outcome] for outcome in contracts.OUTCOMES)
    assert all(together[warning] for warning in reasons.warning_catalogue() if warning != reasons.LIFTED)
