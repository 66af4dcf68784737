"""Quotas by area: an area's people hold its share of the quota, and what it cannot fill is everybody's."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain.calendar import Calendar
from pipeline.domain.errors import BadCalendarError, MissingColumnError
from pipeline.ingest.extracts import resolve_extracts
from pipeline.inspection.redraw import audit
from pipeline.reports.figures.area_places import area_places
from pipeline.reports.figures.query import decisions
from pipeline.storage.paths import Store
from tests.spec.world import VERDICT, World, kk, nik, wave

SEED = "seed"
FAIL: dict[str, Any] = {**VERDICT, "outcome": "rejected", "reasons": ["blur"], "decision": "doubt", "similarity": 0.5}
#: Six of Jakarta (of whom two are listed), three of Papua, three whose province the register does not have.
JAKARTA, PAPUA, NOWHERE = [f"J{n}" for n in range(6)], [f"P{n}" for n in range(3)], [f"N{n}" for n in range(3)]
LISTED = {"J0", "J1"}


def order(ids: list[str]) -> list[str]:
    """The ids as the draw has them, the listed first."""
    return sorted(ids, key=lambda id_: (id_ not in LISTED, hashlib.sha256(f"{SEED}:{id_}".encode()).hexdigest()))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for n, id_ in enumerate([*JAKARTA, *PAPUA, *NOWHERE], 1):
        area = {"J": "31", "P": "94"}.get(id_[0])
        regency = {"J": "3171" if id_ < "J3" else "3174", "P": None}.get(id_[0])
        number = world.person(nik(n, region="317101"), kk=kk(n), province_code=area, regency_code=regency)
        # what the applicant and the digits of the NIK say does not count: people move
        world.apply(wave(3), id_, number, kk=kk(n), province_code="11")
        if id_ in LISTED:
            world.enter("priority", number, listed_by="KEMNAKER")
    return world


def run(world: World, areas: dict[str, float], fails: list[str] | None = None, **changes: Any) -> list[str]:
    """Who is accepted; the independent audit says the same."""
    this = wave(3, **{"seed": SEED, "selfie": "off", "areas": tuple(sorted(areas.items())), **changes})
    world.screen(this)
    world.decide(this, dict.fromkeys(fails or [], FAIL))
    cohort = [row["registration_id"] for row in world.out(this, "cohort")]
    announced = {"areas": [list(area) for area in this.areas]} if areas else {}
    assert audit(world.finish(this), announced).differences == []
    return cohort


@pytest.mark.parametrize(
    ("quota", "share", "areas", "own", "rest"),
    [
        # quota, priority share, shares of the areas: places of each area's own people, and how many more of the rest
        (6, 1.0, {"94": 0.5}, {"94": 3}, 3),
        (5, 1.0, {"94": 0.5}, {"94": 2}, 3),  # ⌊2.5⌋ for Papua
        (10, 1.0, {"94": 0.8}, {"94": 3}, 7),  # Papua has three people: what it leaves is everybody's
        (4, 1.0, {"31": 0.5, "94": 0.5}, {"31": 2, "94": 2}, 0),
        (4, 0.0, {"31": 1.0}, {"31": 4}, 0),  # nobody of Jakarta is preferred, and nobody of elsewhere has a place
        (3, 1.0, {}, {}, 3),
        (99, 1.0, {"31": 0.1}, {"31": 6}, 6),
        (4, 1.0, {"12": 0.5}, {}, 4),  # an area of which nobody came
    ],
)
def test_places(world: World, quota: int, share: float, areas: dict[str, float], own: dict[str, int], rest: int):
    found = run(world, areas, quota=quota, priority_share=share)
    first = LISTED if share else set()
    groups = {"31": JAKARTA, "94": PAPUA}

    def line(ids: list[str]) -> list[str]:
        held = [i for i in order(ids) if i in first] + [i for i in order(ids) if i not in first]
        return held if share else [i for i in order(ids) if i not in LISTED] + [i for i in order(ids) if i in LISTED]

    placed = {id_ for area, n in own.items() for id_ in line(groups[area])[:n]}
    placed |= set(line([i for i in [*JAKARTA, *PAPUA, *NOWHERE] if i not in placed])[:rest])
    assert found == [id_ for id_ in order([*JAKARTA, *PAPUA, *NOWHERE]) if id_ in placed]


@pytest.mark.parametrize(
    ("quota", "areas", "own", "rest"),
    [
        # quota, shares of the areas: places of each area's own people, and how many more of the rest
        (4, {"3171": 0.5}, {"3171": 2}, 2),
        (4, {"3171": 0.5, "3174": 0.25}, {"3171": 2, "3174": 1}, 1),
        (4, {"31": 0.25, "3171": 0.5}, {"3171": 2, "31": 1}, 1),  # of Jakarta those of a named regency are not counted
        (4, {"31": 0.5, "3171": 0.25, "94": 0.25}, {"3171": 1, "31": 2, "94": 1}, 0),
        (8, {"3171": 0.5}, {"3171": 3}, 5),  # three people: what they leave is everybody's
        (4, {"3172": 0.5}, {}, 4),  # a regency of which nobody came
    ],
)
def test_places_by_regency(world: World, quota: int, areas: dict[str, float], own: dict[str, int], rest: int):
    of = {"3171": JAKARTA[:3], "3174": JAKARTA[3:], "94": PAPUA}
    of["31"] = [id_ for id_ in JAKARTA if not ("3171" in areas and id_ in of["3171"])]
    placed = {id_ for area, n in own.items() for id_ in order(of[area])[:n]}
    placed |= set([id_ for id_ in order([*JAKARTA, *PAPUA, *NOWHERE]) if id_ not in placed][:rest])
    found = run(world, areas, quota=quota)
    assert found == [id_ for id_ in order([*JAKARTA, *PAPUA, *NOWHERE]) if id_ in placed]
    listed = (world.work(wave(3)) / "areas.csv").read_text().splitlines()[1:]
    assert {line.split(",")[1] for line in listed} <= set(areas)


def test_a_register_without_regencies_stops_only_a_wave_that_names_one(world: World):
    world.deliver(date(2020, 4, 1))
    path = next((world.root / "extracts" / "population").rglob("*.parquet"))
    pq.write_table(pq.read_table(path).drop_columns(["regency_code"]), path)
    store = Store.at(world.root)
    for areas in ((), (("31", 0.5),)):
        assert resolve_extracts(store, wave(3, areas=areas))["population"].rows == 12
    with pytest.raises(MissingColumnError, match="names a regency") as refused:
        resolve_extracts(store, wave(3, areas=(("3171", 0.5),)))
    assert "regency_code" in str(refused.value)


@pytest.mark.parametrize("refill", [False, True])
def test_photographs(world: World, refill: bool):
    papua = order(PAPUA)
    found = run(world, {"94": 0.5}, [papua[0]], quota=4, selfie="after_draw", refill=refill)
    asked = {id_ for part in world.verified for id_ in part}
    if refill:  # the next of the area
        assert len(found) == 4
        assert {papua[1], papua[2]} <= set(found)
        assert asked == {*found, papua[0]}
    else:  # an empty place
        assert len(found) == 3
        assert papua[1] in found
        assert papua[2] not in found
    assert papua[0] not in found


def test_an_area_that_cannot_fill_its_places_gives_them_to_all(world: World):
    found = run(world, {"94": 0.75}, list(PAPUA), quota=4, selfie="before_draw")
    assert found == order([*JAKARTA, *NOWHERE])[:4]


@pytest.mark.parametrize(("place", "outcome"), [(0, "review"), (1, "review"), (2, "reserve")])
def test_who_shares_a_number_is_a_reviewers_where_the_area_would_have_a_place(world: World, place: int, outcome: str):
    """Papua has one place, for somebody who is not held; with one more, its second in the draw would have one."""
    this = wave(3, seed=SEED, selfie="off", quota=2, areas=(("94", 0.5),))
    held = order(PAPUA)[place]
    [row] = [row for row in world.applications if row["registration_id"] == held]
    world.person(row["nik"], full_name="JOKO WIDODO", birth_date=date(1985, 2, 3), kk=kk(99), province_code="31")
    world.screen(this)
    assert world.decide(this)[held]["outcome"] == outcome


def test_another_area_of_somebody_is_found(world: World):
    this = wave(3, seed=SEED, selfie="off", areas=(("94", 0.5),), quota=4)
    world.screen(this)
    world.decide(this)
    out = world.finish(this)
    (out / "areas.csv").write_text((out / "areas.csv").read_text().replace("P0,94", "N0,94"))
    found = audit(out, {"areas": [["94", 0.75]]})
    assert {difference.where for difference in found.differences} >= {"areas.csv", "draw.json"}


WAVE = "number = 1\nopens = 2024-01-01T00:00:00\ncloses = 2024-01-04T00:00:00\nquota = 10\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('seed = "s"\n[[wave.area]]\ncode = "317"\nshare = 0.5', "code"),
        ('seed = "s"\n[[wave.area]]\ncode = "317101"\nshare = 0.5', "code"),  # a district
        ('seed = "s"\n[[wave.area]]\ncode = "31"\nshare = 0.6\n[[wave.area]]\ncode = "3171"\nshare = 0.5', "more than"),
        ('seed = "s"\n[[wave.area]]\ncode = "31"\nshare = 0.6\n[[wave.area]]\ncode = "32"\nshare = 0.5', "more than"),
        ('seed = "s"\n[[wave.area]]\ncode = "31"\nshare = 0.1\n[[wave.area]]\ncode = "31"\nshare = 0.1', "twice"),
        ('beacon = "drand-quicknet"\n[[wave.area]]\ncode = "31"\nshare = 0.5', "only for waves with a seed"),
    ],
)
def test_what_a_calendar_cannot_say(text: str, said: str):
    with pytest.raises(BadCalendarError, match=said):
        Calendar.parse(f"[[wave]]\n{WAVE}{text}\n")


def test_a_calendar_with_areas():
    text = 'seed = "s"\n[[wave.area]]\ncode = "32"\nshare = 0.5\n[[wave.area]]\ncode = "31"\nshare = 0.1\n'
    assert Calendar.parse(f"[[wave]]\n{WAVE}{text}").wave(1).areas == (("31", 0.1), ("32", 0.5))
    assert Calendar.parse(f'[[wave]]\n{WAVE}seed = "s"').wave(1).areas == ()
    text = text.replace('"32"', '"3171"')
    assert Calendar.parse(f"[[wave]]\n{WAVE}{text}").wave(1).regencies == ("3171",)


def test_the_report_has_the_places_by_area_and_no_small_one(world: World):
    this = wave(3, seed=SEED, selfie="off", areas=(("31", 0.5), ("94", 0.25)), quota=12)
    with_more = [world.person(nik(n), kk=kk(n), province_code="31" if n % 2 else "94") for n in range(50, 90)]
    for n, number in enumerate(with_more, 50):
        world.apply(this, f"M{n}", number, kk=kk(n))
    world.screen(this)
    world.decide(this)
    work = world.work(this)
    with decisions(work / "out" / "decisions.parquet", work) as query:
        found = area_places(this, query, work / "drawn.parquet")
        assert area_places(wave(3), query, work / "drawn.parquet") is None
    for line in found or []:
        assert line.accepted == 0 or line.accepted >= 5
        assert line.people - line.accepted == 0 or line.people - line.accepted >= 5
    assert sum(line.kept for line in found or []) in (0, 9)


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        # accepted and others of a regency, of the rest of its province, of another province, of elsewhere
        ([(9, 9), (9, 9), (9, 9), (9, 9)], {("31",): 0, ("3171",): 5, ("94",): 2, ("elsewhere",): 0}),
        ([(9, 9), (2, 9), (9, 9), (9, 9)], {("31", "3171"): 5, ("94",): 2, ("elsewhere",): 0}),
        ([(9, 2), (9, 9), (9, 9), (9, 9)], {("31", "3171"): 5, ("94",): 2, ("elsewhere",): 0}),
        ([(9, 0), (9, 9), (9, 9), (9, 9)], {("31",): 0, ("3171",): 5, ("94",): 2, ("elsewhere",): 0}),
    ],
)
def test_no_province_gives_the_few_of_its_regency_away(tmp_path: Path, places: list[Any], shown: dict[Any, int]):
    this = wave(3, seed=SEED, selfie="off", areas=(("3171", 0.5), ("94", 0.2)), quota=10)
    groups = zip(("3171", "31", "94", None), places, strict=True)
    ends = [
        (area, end, n) for area, (placed, others) in groups for end, n in (("accepted", placed), ("reserve", others))
    ]
    people = [(area, end) for area, end, n in ends for _ in range(n)]
    rows = [{"registration_id": f"R{n}", "area": area, "outcome": end} for n, (area, end) in enumerate(people)]
    for name, columns in (("drawn", ("registration_id", "area")), ("decisions", ("registration_id", "outcome"))):
        table = pa.Table.from_pylist([{column: row[column] for column in columns} for row in rows])
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with duckdb.connect() as db:
        db.execute(f"CREATE VIEW applications AS FROM '{tmp_path / 'decisions.parquet'}'")
        query: Any = SimpleNamespace(connection=db)
        found = area_places(this, query, tmp_path / "drawn.parquet")
    assert found is not None
    assert {line.keys: line.kept for line in found} == shown
    assert sum(line.people for line in found) == len(rows)
