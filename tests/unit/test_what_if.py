"""`gelombang what-if`: counts are drawn from the distribution that hashes have; only what may be shown is shown."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadQuestionError
from pipeline.draw.seats import allocate
from pipeline.ingest.extracts import resolve_extracts
from pipeline.inspection.drawn_line import Line, seats
from pipeline.storage.files import read_json, write_json
from pipeline.storage.paths import Store
from pipeline.what_if import crowd as crowds
from pipeline.what_if.answer import answer
from pipeline.what_if.crowd import Cell, Crowd
from pipeline.what_if.question import Terms, ask
from pipeline.what_if.seeds import draw_often
from tests.spec.world import World, kk, nik, wave

SEEDS = 800
FAIL = {"outcome": "rejected", "reasons": ["blur"], "decision": "doubt", "similarity": 0.5}
#: A wave in which a family card has a limit.
FAMILIES = wave(90, selfie="after_draw", seed="one", quota=40)


def by_hashes(this: Wave, terms: Terms, found: Crowd, seeds: int) -> np.ndarray:
    """The same as ``draw_often``, person by person with hashes, as the draw of a wave has it."""
    people: list[tuple[str, int, int, int | None]] = []
    for photo, row in enumerate(found.free):
        for cell, n in enumerate(row):
            people += [(f"F{photo}-{cell}-{i}", cell, photo, None) for i in range(n)]
    members = zip(found.cell, found.photo, found.family, strict=True)
    people += [(f"M{i}", int(c), int(p), int(f)) for i, (c, p, f) in enumerate(members)]
    rng, result = np.random.default_rng(5), np.zeros((seeds, len(found.cells)), dtype=int)
    for seed, row in enumerate(result):
        line = sorted(
            people,
            key=lambda one: (not found.listed[one[1]], sha256(f"{seed}:{one[0]}".encode()).hexdigest()),
        )
        held: Counter[int] = Counter()
        standing = []
        for one in line:
            if one[3] is not None:
                held[one[3]] += 1
                if held[one[3]] > found.places[one[3]]:
                    continue
            passes = one[2] == 0 or (one[2] == 1 and rng.random() < found.rate[one[1]])
            standing.append((one[1], passes))
        if this.selfie != "after_draw" or this.refill:
            standing = [one for one in standing if one[1]]
        tiers = [[s for s in standing if bool(found.listed[s[0]]) == listed] for listed in (True, False)]
        given = allocate(terms.quota, terms.priority_share, *map(len, tiers))
        for tier, places in zip(tiers, (given.priority, given.public), strict=True):
            for cell, passes in tier[:places]:
                row[cell] += passes
    return result


def crowd() -> Crowd:
    """Two provinces, two tiers; with cards that have three or four members for one or two places, across tiers."""
    named = [("31", "L", "priority"), ("31", "P", "public"), ("32", "L", "public")]
    cells = [(area, sex, "25_34", tier, area) for area, sex, tier in named]
    free = np.array([[9, 20, 3], [4, 5, 6], [2, 3, 1]], dtype=np.int64)
    cell, photo, family, places = [], [], [], []
    for number, (people, left) in enumerate([([0, 0, 1], 2), ([1, 2, 2, 2], 1), ([2, 2, 2], 2), ([0, 1], 0)]):
        cell += people
        photo += [n % 3 for n in range(len(people))]
        family += [number] * len(people)
        places.append(left)
    members, photos, families, left_on = (np.array(x, dtype=np.int64) for x in (cell, photo, family, places))
    return Crowd([Cell(*cell) for cell in cells], free, members, photos, families, left_on, np.array([0.7, 0.5, 0.9]))


@pytest.mark.parametrize(
    ("selfie", "refill", "quota", "share"),
    [
        ("after_draw", False, 20, 1.0),
        ("after_draw", True, 20, 0.3),
        ("before_draw", False, 12, 0.5),
        ("off", False, 99, 1),
    ],
)
def test_counts_have_the_distribution_of_hashes(selfie: Any, refill: bool, quota: int, share: float):
    this = replace(FAMILIES, selfie=selfie, refill=refill, quota=quota, priority_share=share)
    terms, found = Terms(quota, share, ()), crowd()
    ours = draw_often(this, terms, found, SEEDS * 5, np.random.default_rng(1))
    truth = by_hashes(this, terms, found, SEEDS)
    error = np.sqrt(1.2 * truth.var(axis=0) / SEEDS)
    assert np.all(np.abs(ours.mean(axis=0) - truth.mean(axis=0)) <= 4 * error + 1e-9)
    spread = np.maximum(truth.std(axis=0), 0.05)
    assert np.all(np.abs(ours.std(axis=0) - truth.std(axis=0)) <= 0.12 * spread + 0.03)
    together = np.corrcoef(ours[:, 1], ours[:, 2])[0, 1] - np.corrcoef(truth[:, 1], truth[:, 2])[0, 1]
    assert np.isnan(together) or abs(together) < 0.15


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Ninety families of three, of two provinces and ages; every third person of the second province is a recipient of
    aid, every fifth is listed; half of those drawn fail by their photograph. A quota of forty."""
    made = World(tmp_path_factory.mktemp("what-if") / "data")
    made.root.mkdir()
    for n in range(270):
        province, sex = "31" if n % 9 < 6 else "32", "LP"[n % 2]
        card, born = kk(n // 3), nik(n, sex=sex)
        made.person(born, kk=card, sex=sex, province_code=province, occupation="KEPALA DESA" if n % 27 == 0 else "X")
        made.apply(FAMILIES, f"A{n:03d}", born, kk=card, sex=sex, province_code=province)
        if n % 9 == 7:
            made.enter("bansos", born, programme="PKH", status="active")
        if n % 5 == 0:
            made.enter("priority", born, listed_by="KEMNAKER")
    made.screen(FAMILIES)
    drawn = made.draw(FAMILIES)
    asked = [id_ for id_, row in drawn.items() if row["to_verify"]]
    made.decide(FAMILIES, dict.fromkeys(asked[::2], FAIL))
    out = made.finish(FAMILIES)
    (out / "funnel.json").write_text(json.dumps({"ends": {"accepted": len(made.out(FAMILIES, "cohort"))}}))
    (made.root / "calendar.toml").write_text(
        '[[wave]]\nnumber = 90\nopens = 2022-02-25T23:59:59\ncloses = 2022-02-28T23:59:59\nquota = 40\nseed = "one"\n'
    )
    return made


def asked(world: World, **question: Any) -> Any:
    store = Store.at(world.root)
    manifest = read_json(store.out(FAMILIES) / "manifest.json")
    return answer(store, ask(manifest, **{"seeds": 200, **question}))


def test_as_it_was(world: World):
    found = asked(world)
    assert found.question.same
    assert found.as_run == found.asked
    assert found.as_run.people == 230  # 270 less thirty with aid, less ten heads of a village
    assert found.as_run.low <= found.accepted <= found.as_run.high
    beyond = next(line for line in found.rules if line.code == "kk_limit")
    decided = [row for row in world.out(FAMILIES, "decisions") if row["reasons"] == ["kk_limit"]]
    assert beyond.refused == len(decided)
    assert beyond.left_run == 230 - len(decided)
    [women, men] = found.groups["sex"]
    assert {women.keys, men.keys} == {("P",), ("L",)}
    assert women.as_run.low <= women.as_run.mean <= women.as_run.high
    assert "photo_estimated" in found.notes


def test_without_a_rule_whom_it_alone_refused_is_in_the_draw(world: World):
    found = asked(world, without=["bansos_recipient"])
    assert (found.as_run.people, found.asked.people) == (230, 260)
    line = next(line for line in found.rules if line.code == "bansos_recipient")
    assert (line.refused, line.alone, line.in_run, line.in_asked) == (30, 30, True, False)
    groups = {g.keys: g for g in found.groups["province"]}
    assert groups["32",].asked.people - groups["32",].as_run.people == 30
    assert groups["31",].asked.people == groups["31",].as_run.people
    assert "families_assumed" in found.notes


def test_more_places_and_no_family_limit(world: World):
    found = asked(world, quota=1000, without=["kk_limit"])
    assert found.asked.people == 230
    assert found.asked.mean > found.as_run.mean * 4  # all but whose photograph fails
    assert found.asked.high < 230
    more = asked(world, priority_share=0.0)
    [listed, public] = more.groups["tier"]
    assert listed.keys == ("priority",)
    assert listed.as_run.mean > listed.asked.mean
    assert public.as_run.mean < public.asked.mean


def test_a_rule_that_was_not_in_force_is_screened_again(tmp_path: Path):
    before = wave(92, selfie="off", seed="one", quota=5)  # the day before the offices are excluded
    made = World(tmp_path / "data")
    made.root.mkdir()
    for n in range(30):
        made.person(nik(n), kk=kk(n), occupation="KEPALA DESA" if n % 5 == 0 else "BURUH")
        made.apply(before, f"A{n:02d}", nik(n), kk=kk(n))
    made.screen(before)
    made.decide(before)
    out = made.finish(before)
    write_json({"ends": {"accepted": 5}}, out / "funnel.json")
    files_of_run(made, before)
    store = Store.at(made.root)
    found = answer(store, ask(read_json(out / "manifest.json"), added=["excluded_occupation"], seeds=20))
    assert (found.as_run.people, found.asked.people) == (30, 24)
    line = next(line for line in found.rules if line.code == "excluded_occupation")
    assert (line.refused, line.in_run, line.left_asked) == (6, False, 24)
    assert not [path for path in store.work(before).iterdir() if path.name.startswith("what-if")]
    (store.work(before) / "registrations.parquet").unlink()
    with pytest.raises(BadQuestionError, match="no longer below"):
        answer(store, ask(read_json(out / "manifest.json"), added=["excluded_occupation"], seeds=20))


def files_of_run(made: World, this: Wave) -> None:
    """The plan that a run leaves in its work."""
    store = Store.at(made.root)
    fields = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(this).items()}
    extracts = {name: x.to_json(store) for name, x in resolve_extracts(store, this).items()}
    plan = {"wave": fields, "extracts": extracts, "shards": 1, "started": "2022-03-01T00:00:00+07:00"}
    write_json(plan, store.work(this) / "plan.json")


def test_a_warning_as_a_rule(world: World):
    found = asked(world, added=["nik_birth_date"])
    line = next(line for line in found.rules if line.code == "nik_birth_date")
    assert line.in_asked
    assert not line.in_run


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"quota": 0}, "quota of 0"),
        ({"priority_share": 1.5}, "1.5"),
        ({"seeds": 3}, "3 seeds"),
        ({"without": ["nonsense"]}, "nonsense"),
        ({"added": ["kk_limit"]}, "in force in wave 90 already"),
        ({"added": ["shared_nik"]}, "in force"),
        ({"added": ["blur"]}, "no rule blur"),
    ],
)
def test_what_no_wave_can_have_is_a_named_error(world: World, question: dict[str, Any], said: str):
    with pytest.raises(BadQuestionError, match=said):
        asked(world, **question)


def test_the_command_its_page_and_the_same_answer_twice(world: World, tmp_path: Path):
    page = tmp_path / "page.html"
    line = [
        "what-if",
        "90",
        "--data",
        str(world.root),
        "--quota",
        "60",
        "--without",
        "bansos_recipient",
        "--seeds",
        "50",
    ]
    done = CliRunner().invoke(app, [*line, "--out", str(page), "--language", "en"])
    assert done.exit_code == 0, done.exception
    assert "Without the rule “Recipient of social assistance” (bansos_recipient)" in done.output
    text = page.read_text(encoding="utf-8")
    assert "A quota of 60 instead of 40" in text
    assert "Kuota 60, bukan 40" in text
    assert "<script" not in text
    machine = [CliRunner().invoke(app, [*line, "--json"]).stdout for _ in range(2)]
    assert machine[0] == machine[1]
    assert json.loads(machine[0])["terms"]["asked"]["quota"] == 60
    for id_ in ("A000", nik(1)):
        assert id_ not in text + machine[0]


def test_no_group_of_fewer_than_five_is_shown(world: World):
    found = asked(world, without=["excluded_occupation"])
    decided = world.out(FAMILIES, "decisions")
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in decided:
        if row["reasons"] == ["excluded_occupation"]:
            sizes["province"][row["province_code"]] += 1
    assert min(sizes["province"].values()) < 5 or len(sizes["province"]) == 1
    for groups in found.groups.values():
        for group in groups or []:
            difference = (group.asked.people if group.asked else 0) - (group.as_run.people if group.as_run else 0)
            assert difference == 0 or abs(difference) >= 5


def test_estimates_come_from_the_nearest_group_that_has_enough():
    def row(sex: str, age: str, photo: str, n: int) -> dict[str, Any]:
        return {"sex": sex, "age": age, "photo": photo, "n": n, "in_run": True}

    rows = [row("P", "25_34", "passed", 80), row("P", "25_34", "failed", 20), row("P", "65_up", "failed", 3)]
    rows += [row("L", "25_34", "passed", 5), row("L", "25_34", "unknown", 500)]
    rates = crowds.pass_rates(rows)
    assert rates["P", "25_34"] == 0.8
    assert rates["P", "65_up"] == pytest.approx(80 / 103)
    assert rates["L", "25_34"] == pytest.approx(85 / 108)
    assert crowds.pass_rates([row("L", "25_34", "unknown", 5)]) == {("L", "25_34"): 1.0}


@pytest.mark.parametrize(
    ("areas", "quota", "refill"), [((("31", 0.1), ("32", 0.2)), 20, True), ((("31", 0.3), ("32", 0.3)), 30, False)]
)
def test_areas_have_the_distribution_of_hashes(areas: tuple[tuple[str, float], ...], quota: int, refill: bool):
    this = replace(FAMILIES, selfie="after_draw", refill=refill)
    terms, whole = Terms(quota, 0.5, (), areas), crowd()
    nobody = np.zeros(0, dtype=np.int64)
    found = replace(whole, cell=nobody, photo=nobody, family=nobody, places=nobody)
    ours = draw_often(this, terms, found, SEEDS * 5, np.random.default_rng(1))
    truth = by_area_with_hashes(this, terms, found)
    assert truth.std(axis=0).max() > 0.4
    error = np.sqrt(1.2 * truth.var(axis=0) / len(truth))
    assert np.all(np.abs(ours.mean(axis=0) - truth.mean(axis=0)) <= 4 * error + 1e-9)
    assert np.all(np.abs(ours.std(axis=0) - truth.std(axis=0)) <= 0.12 * np.maximum(truth.std(axis=0), 0.05) + 0.03)


def by_area_with_hashes(this: Wave, terms: Terms, found: Crowd) -> np.ndarray:
    """The same by the audit's code, which shares none with the pipeline."""
    cells, photos = {}, {}
    for photo, row in enumerate(found.free):
        for cell, n in enumerate(row):
            for i in range(n):
                cells[f"F{photo}-{cell}-{i}"], photos[f"F{photo}-{cell}-{i}"] = cell, photo
    ids = sorted(cells)
    listed = np.array([bool(found.listed[cells[id_]]) for id_ in ids])
    areas = {area: np.array([found.cells[cells[id_]].area == area for id_ in ids]) for area, _ in terms.areas}
    nobody = np.zeros(len(ids), bool)
    record = {"quota": terms.quota, "priority_share": terms.priority_share, "areas": terms.areas}
    record |= {"selfie": this.selfie, "refill": this.refill}
    rng, result = np.random.default_rng(5), np.zeros((SEEDS // 2, len(found.cells)), dtype=int)
    for seed, row in enumerate(result):
        fell = np.array([photos[i] == 2 or (photos[i] == 1 and rng.random() >= found.rate[cells[i]]) for i in ids])
        line = Line(pa.array(ids, pa.large_string()), listed, str(seed))
        for person in seats(record, line, nobody, fell, areas):
            row[cells[ids[person]]] += 1
    return result


def test_quotas_by_area_compared_with_none(world: World):
    found = asked(world, areas={"32": 0.8}, seeds=100)
    groups = {g.keys: g for g in found.groups["province"]}
    assert groups["32",].asked.mean > groups["32",].as_run.mean
    assert groups["31",].asked.mean < groups["31",].as_run.mean
    assert {"areas_written", "areas_families"} <= set(found.notes)
    with pytest.raises(BadQuestionError, match="shares"):
        asked(world, areas={"31": 0.8, "32": 0.5})
    line = ["what-if", "90", "--data", str(world.root), "--seeds", "20", "--language", "en"]
    done = CliRunner().invoke(app, [*line, "--area", "32=0.5"])
    assert "With quotas by area: 32 50%" in done.output
    assert isinstance(CliRunner().invoke(app, [*line, "--area", "Jakarta"]).exception, BadQuestionError)


@pytest.fixture(scope="module")
def plain_manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest of a wave of one person."""
    this, made = wave(3, selfie="off", seed="one", quota=20), World(tmp_path_factory.mktemp("plain"))
    made.apply(this, "A", made.person(nik(1)))
    made.screen(this)
    made.decide(this)
    return dict(read_json(made.finish(this) / "manifest.json"))


@pytest.mark.parametrize(
    ("had", "areas", "said"),
    [
        ((), {"3171": 0.5}, "did not keep who is of regency 3171"),
        ((("3171", 0.2),), {"3174": 0.5}, "did not keep who is of regency 3174"),
        ((("3171", 0.2),), {"31": 0.5}, "were none of province 31"),
        ((("3171", 0.2),), {"31": 0.5, "3171": 0.1}, ""),
        ((("3171", 0.2),), {"3171": 0.1, "32": 0.2}, ""),
        ((("3171", 0.2),), {}, ""),
    ],
)
def test_what_can_be_asked_of_regencies(plain_manifest: dict[str, Any], had: Any, areas: dict[str, float], said: str):
    manifest = {**plain_manifest, "areas": [list(area) for area in had]}
    if said:
        with pytest.raises(BadQuestionError, match=said):
            ask(manifest, areas=areas)
    else:
        assert dict(ask(manifest, areas=areas).asked.areas) == areas


def test_a_wave_with_areas_without_them(tmp_path: Path):
    this = wave(3, selfie="off", seed="one", quota=20, areas=(("32", 0.5),))
    made = World(tmp_path / "data")
    made.root.mkdir()
    for n in range(100):  # half of those of Papua moved to province 32, and wrote otherwise
        made.person(nik(n), kk=kk(n), province_code="32" if n % 5 == 0 else "94")
        made.apply(this, f"A{n:02d}", nik(n), kk=kk(n), province_code="94", sex="LP"[n % 2])
    made.screen(this)
    made.decide(this)
    out = made.finish(this)
    write_json({"ends": {"accepted": 20}}, out / "funnel.json")
    store, manifest = Store.at(made.root), read_json(out / "manifest.json")
    with_areas = answer(store, ask(manifest, seeds=50))
    assert with_areas.as_run.mean == 20
    without = answer(store, ask(manifest, areas={}, seeds=50))
    assert without.question.asked.areas == ()
    assert without.asked.mean == 20
    assert without.notes == []
