"""Which delivery of an extract a wave uses, and the forms in which a register may be delivered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain import contracts
from pipeline.domain.errors import ExtractTooNewError, MissingExtractError
from pipeline.ingest.extracts import resolve_extracts
from pipeline.storage.paths import Store
from tests.spec.world import World, kk, nik, wave

WAVE = wave(1)  # closed on 16 April 2020
ZERO = "0171011505900001"  # a number that loses its first digit when it is kept as a number


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for serial in (1, 2):
        world.apply(WAVE, f"R{serial}", world.person(nik(serial)))
    world.apply(WAVE, "R3", world.person(ZERO))
    return world


@pytest.mark.parametrize("numbers", ["text", "integer"])
def test_numbers_of_a_register_may_be_text_or_integers(world: World, numbers: str):
    world.enter("education", nik(1), status="active")
    world.enter("bansos", nik(2), programme="PKH", status="active")
    world.enter("blacklist", ZERO)
    world.enter("priority", ZERO)
    found = world.screen(WAVE, numbers=numbers)
    assert [row["reasons"] for row in found.values()] == [["in_education"], ["bansos_recipient"], ["blacklisted"]]
    assert [row["tier"] for row in found.values()] == ["public", "public", "priority"]


@pytest.mark.parametrize("part", ["part-1", "a"])  # after the file with text and before it
def test_one_delivery_may_mix_both_in_its_files(world: World, part: str):
    world.enter("education", "x-1", status="active")
    world.deliver(WAVE.closing_day)
    path = world.root / "extracts" / "education" / f"asof={WAVE.closing_day}" / f"{part}.parquet"
    pq.write_table(pa.table({"nik": [int(nik(1))], "register": ["emis"], "level": ["MA"], "status": ["active"]}), path)
    assert world.screen(WAVE, deliver=False)["R1"]["reasons"] == ["in_education"]


@pytest.mark.parametrize("full", ["b", "part-1"])  # the file without types comes after the full one, or before it
def test_a_column_with_nothing_in_it_may_have_no_type(world: World, full: str):
    world.deliver(WAVE.closing_day)
    path = world.root / "extracts" / "population" / f"asof={WAVE.closing_day}" / "part-0.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(0, 1), path.with_name(f"{full}.parquet"))
    table = table.slice(1)
    for name in ("photo", "occupation", "alive"):
        table = table.set_column(table.schema.get_field_index(name), name, pa.nulls(table.num_rows))
    pq.write_table(table, path)
    found = world.screen(wave(4, opens=WAVE.opens), deliver=False)
    assert [row["reasons"] for row in found.values()] == [[], [], []]


@pytest.mark.parametrize("spoilt", ["3.17101150590000E+15", "3171011505900000.4", "+3171011505900000", "1e15"])
def test_what_a_spreadsheet_made_of_a_number_hits_nobody(world: World, spoilt: str):
    """As a number it would be, or round to, the NIK of somebody who has nothing to do with it."""
    world.apply(WAVE, "R9", world.person("3171011505900000"))
    world.enter("education", spoilt, status="active")
    world.enter("bansos", spoilt, programme="PKH", status="active")
    world.enter("blacklist", spoilt)
    world.enter("priority", spoilt)
    found = world.screen(WAVE)["R9"]
    assert (found["reasons"], found["tier"]) == ([], "public")


@pytest.mark.parametrize("numbers", ["text", "integer"])
def test_a_family_card_of_zeros_is_none(world: World, numbers: str):
    world.apply(WAVE, "R9", world.person(nik(9), kk="0" * 16), kk="0" * 16)
    assert world.screen(WAVE, numbers=numbers)["R9"]["reasons"] == ["identity_mismatch"]


@pytest.mark.parametrize(("status", "active"), [("ACTIVE", True), (" Active ", True), ("aktif", False), (None, False)])
def test_a_status_is_read_whatever_its_capitals_and_spaces(world: World, status: str | None, active: bool):
    world.enter("education", nik(1), status=status)
    world.enter("bansos", nik(2), programme="PKH", status=status)
    found = world.screen(WAVE)
    expected = [["in_education"], ["bansos_recipient"]] if active else [[], []]
    assert [found[id_]["reasons"] for id_ in ("R1", "R2")] == expected


def test_so_is_a_citizenship(tmp_path: Path):
    world = World(tmp_path)
    for n, written in enumerate(("WNI ", "wni", "WNA", None), 1):
        world.apply(WAVE, f"R{n}", world.person(nik(n), citizenship=written))
    found = world.screen(WAVE)
    assert [row["reasons"] for row in found.values()] == [[], [], ["not_citizen"], ["not_citizen"]]


#: What exports, spreadsheets and copies from a page leave around a value.
AROUND = [
    "{}\t",
    "\ufeff{}",
    "{}\u200b",
    "\u00a0{}",
    "{}\x00",
    "\u202a{}\u202c",
    "{}\r\n",
    "\u2007{}\u3000",
    "\u00ad{}",
]
#: And what they put around a number, so that it stays one.
MARKS = [*AROUND, "'{}", "\u00a0'{}", "’{}", "`{}`", "'{}'", '"{}"', '="{}"', "\ufeff' {}\u200b"]


def test_what_stands_around_a_value_is_no_part_of_it(tmp_path: Path):
    world, this = World(tmp_path), wave(12, areas=(("32", 0.5),))  # every rule is in force
    expected: dict[str, list[str]] = {}

    def judged(what: str, *reasons: str, **register: str) -> str:
        serial, sex = len(expected) + 1, "P" if what.startswith("sex") else "L"
        number = world.person(nik(serial, sex=sex), kk=kk(serial), **{"sex": sex, **register})
        world.apply(this, what, number, kk=kk(serial), sex=sex)
        expected[what] = list(reasons)
        return number

    for around in AROUND:
        judged(f"sound{around!r}", citizenship=around.format("WNI"), occupation=around.format("GURU"))
        judged(f"name{around!r}", full_name=around.format("BUDI SANTOSO"), photo=around.format("a.jpg"))
        judged(f"area{around!r}", province_code=around.format("32"))
        judged(f"sex{around!r}", sex=around.format("P"))
        judged(f"foreign{around!r}", "not_citizen", citizenship=around.format("WNA"))
        judged(f"office{around!r}", "excluded_occupation", occupation=around.format("KEPALA DESA"))
        pupil, helped = judged(f"pupil{around!r}", "in_education"), judged(f"helped{around!r}", "bsu_recipient")
        world.enter("education", pupil, register=around.format("emis"), status=around.format("active"))
        world.enter("bansos", helped, programme=around.format("BSU"), status=around.format("active"))
    found = world.screen(this)
    assert {what: row["reasons"] for what, row in found.items()} == expected
    assert not [what for what, row in found.items() if row["warnings"]]
    assert {row["reference"] for what, row in found.items() if what.startswith("name")} == {"a.jpg"}
    assert {row["area"] for what, row in found.items() if what.startswith("area")} == {"32"}


def test_a_number_is_found_whatever_a_spreadsheet_put_around_it(tmp_path: Path):
    world, this = World(tmp_path), wave(4)
    expected = {}
    for n, around in enumerate(MARKS):
        for place, what in enumerate(("education", "bansos", "blacklist", "priority"), 4 * n + 1):
            world.apply(this, f"{what}{around!r}", nik(place), kk=kk(place))
            world.person(around.format(nik(place)), kk=around.format(kk(place)))
            facts = {"education": {"status": "active"}, "bansos": {"programme": "PKH", "status": "active"}}
            world.enter(what, around.format(nik(place)), **facts.get(what, {}))
            reasons = {"education": ["in_education"], "bansos": ["bansos_recipient"], "blacklist": ["blacklisted"]}
            expected[f"{what}{around!r}"] = (reasons.get(what, []), "priority" if what == "priority" else "public")
    found = world.screen(this)
    assert {what: (row["reasons"], row["tier"]) for what, row in found.items()} == expected


def test_a_file_is_read_by_its_name_whatever_is_in_it(world: World):
    world.enter("education", nik(1), status="active")
    world.deliver(WAVE.closing_day)
    path = world.root / "extracts" / "education" / f"asof={WAVE.closing_day}" / "part-0.parquet"
    path.rename(path.with_name("part[0].parquet"))
    nobody = pa.table({"nik": [nik(2)], "register": ["emis"], "level": ["MA"], "status": ["left"]})
    for name in ("part0", "part?", "part*", "part]"):
        pq.write_table(nobody, path.with_name(f"{name}.parquet"))
    assert world.screen(WAVE, deliver=False)["R1"]["reasons"] == ["in_education"]


def test_columns_may_stand_in_another_order_and_bring_company(world: World):
    world.deliver(WAVE.closing_day)
    path = world.root / "extracts" / "population" / f"asof={WAVE.closing_day}" / "part-0.parquet"
    table = pq.read_table(path, partitioning=None)
    table = table.select(table.column_names[::-1]).append_column("note", pa.array(["x"] * table.num_rows))
    pq.write_table(table, path)
    assert [row["reasons"] for row in world.screen(WAVE, deliver=False).values()] == [[], [], []]


@pytest.mark.parametrize(
    ("delivered", "used"),
    [
        (["2020-03-01", "2020-04-16", "2020-04-17"], "2020-04-16"),
        (["2020-03-01", "2020-04-01"], "2020-04-01"),
        (["2019-12-31", "2021-01-01"], "2019-12-31"),
    ],
)
def test_the_newest_delivery_not_after_the_closing_day_is_used(world: World, delivered: list[str], used: str):
    for day in delivered:
        world.deliver(date.fromisoformat(day))
    extracts = resolve_extracts(Store.at(world.root), WAVE)
    assert {str(extract.asof) for extract in extracts.values()} == {used}


def test_what_a_later_delivery_says_does_not_count(world: World):
    world.deliver(date(2020, 4, 16))
    world.enter("education", nik(1), status="active")
    world.deliver(date(2020, 4, 17))
    assert world.screen(WAVE, deliver=False)["R1"]["reasons"] == []


def test_only_later_deliveries_are_an_error_that_names_extract_and_date(world: World):
    world.deliver(date(2020, 4, 17))
    with pytest.raises(ExtractTooNewError, match=r"population is dated 2020-04-17.*closed on 2020-04-16"):
        world.screen(WAVE, deliver=False)


def test_no_delivery_is_an_error(world: World):
    with pytest.raises(MissingExtractError, match="population"):
        world.screen(WAVE, deliver=False)


def test_without_lists_nobody_is_listed(world: World):
    world.deliver(WAVE.closing_day)
    optional = [name for name, contract in contracts.EXTRACTS.items() if contract.optional]
    assert not any((world.root / "extracts" / name).exists() for name in optional)
    assert {row["tier"] for row in world.screen(WAVE, deliver=False).values()} == {"public"}


def test_the_same_person_in_two_files_is_one_person(tmp_path: Path):
    world = World(tmp_path)
    world.apply(WAVE, "R1", world.person(nik(1)))
    world.person(nik(1))
    assert world.screen(WAVE)["R1"]["warnings"] == []


def test_two_people_under_one_number_are_never_merged(tmp_path: Path):
    world = World(tmp_path)
    number = world.person(nik(1), alive=False)
    world.person(number, full_name="SITI AMINAH", kk=kk(2))
    world.apply(WAVE, "R1", number, full_name="SITI AMINAH", kk=kk(2))
    world.apply(wave(1, closes=WAVE.opens), "R0", number)
    found = world.screen(WAVE)
    assert found["R1"]["reasons"] == []
    assert "deceased" in found["R0"]["reasons"]
    assert found["R0"]["warnings"] == found["R1"]["warnings"] == ["shared_nik"]


@pytest.mark.parametrize("days", [-719_162, 2_932_896, 30_000_000, -30_000_000])
def test_an_impossible_birth_date_in_a_register_stops_nothing(world: World, days: int):
    """Damaged rows hold dates thousands of years away; their person is judged like any other who does not agree."""
    world.deliver(WAVE.closing_day)
    path = world.root / "extracts" / "population" / f"asof={WAVE.closing_day}" / "part-0.parquet"
    table = pq.read_table(path, partitioning=None)
    place = table.schema.get_field_index("birth_date")
    damaged = pa.array([days] * table.num_rows, pa.int32()).cast(pa.date32())
    pq.write_table(table.set_column(place, "birth_date", damaged), path)
    found = world.screen(WAVE, deliver=False)
    assert all("identity_mismatch" in row["reasons"] for row in found.values())
    assert all("nik_birth_date" in row["warnings"] for row in found.values())


def test_a_number_that_is_none_matches_nobody(world: World):
    world.person("3171-0115-0590-01")
    world.person("")
    world.enter("education", "x", status="active")
    world.enter("priority", "", listed_by="KEMNAKER")
    world.apply(WAVE, "R9", "3171-0115-0590-01")
    found = world.screen(WAVE)
    assert found["R9"]["reasons"] == ["nik_malformed"]
    assert [found[f"R{n}"]["reasons"] for n in (1, 2, 3)] == [[], [], []]


@pytest.mark.parametrize("blank", [" {}", "{}\t", "\n{}\r\n", "{}\v\f"])
def test_a_register_finds_every_number_that_it_says_is_well_formed(world: World, blank: str):
    world.enter("education", blank.format(nik(1)), status="active")
    world.enter("bansos", blank.format(nik(2)), programme="PKH", status="active")
    world.enter("blacklist", blank.format(ZERO))
    reasons = [row["reasons"] for row in world.screen(WAVE).values()]
    assert reasons == [["in_education"], ["bansos_recipient"], ["blacklisted"]]


def test_a_number_of_zeros_is_nobody(world: World):
    """A register may have it where it knows no NIK."""
    world.apply(WAVE, "R9", world.person("0" * 16))
    world.enter("bansos", "0" * 16, programme="PKH", status="active")
    assert world.screen(WAVE)["R9"]["reasons"] == ["nik_unknown"]


def test_the_sex_is_the_registers_and_the_applications_where_no_register_knows_them(world: World):
    world.apply(WAVE, "R8", world.person(nik(8, sex="P"), sex="P"), sex="L")
    world.apply(WAVE, "R9", nik(9), sex="P")
    found = world.screen(WAVE)
    assert (found["R8"]["sex"], found["R9"]["sex"]) == ("P", "P")
