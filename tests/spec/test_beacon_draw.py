"""A draw by a beacon: a ticket is the person's, the list stands before the family limit, and the line moves up."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest

from tests.spec.world import BORN, KEY, Row, World, kk, nik, wave

WAVE = wave(12, seed="", beacon="demonstration", selfie="off", quota=3)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def ticket(person: str) -> str:
    return hmac.new(KEY, person.encode(), "sha256").hexdigest()


def decided(world: World) -> dict[str, Row]:
    world.screen(WAVE)
    return world.decide(WAVE)


def family(world: World, count: int, card: int = 1, first: int = 1) -> list[str]:
    """Members of one family card who all apply without a fault."""
    people = range(first, first + count)
    return [world.apply(WAVE, f"R{n}", world.person(nik(n), kk=kk(card)), kk=kk(card)) for n in people]


def full(found: dict[str, Row]) -> set[str]:
    return {id_ for id_, row in found.items() if row["reasons"] == ["kk_limit"]}


def test_the_number_of_an_application_does_not_matter(tmp_path: Path) -> None:
    """Nobody can try ids until one draws well: whatever the id, the ticket and the draw are those of the NIK."""
    drawn = []
    for prefix in ("A", "Z"):
        world = World(tmp_path / prefix)
        world.root.mkdir()
        for n in range(1, 9):
            world.apply(WAVE, f"{prefix}{n}", world.person(nik(n), kk=kk(n)), kk=kk(n))
        drawn.append({row["nik"]: (row["ticket"], row["draw"], row["position"]) for row in decided(world).values()})
    assert drawn[0] == drawn[1]
    assert {number: told[0] for number, told in drawn[0].items()} == {nik(n): ticket(nik(n)) for n in range(1, 9)}


def test_applying_again_and_again_gives_one_ticket(world: World) -> None:
    world.person(nik(1))
    for n in range(5):
        world.apply(WAVE, f"R{n}", nik(1))
    found = decided(world)
    assert [row["ticket"] for row in found.values() if row["ticket"]] == [ticket(nik(1))]


def test_who_is_not_on_the_list_has_no_ticket(world: World) -> None:
    family(world, 1)
    world.apply(WAVE, "R9", nik(9))  # no person has this number
    found = decided(world)
    assert (found["R9"]["reasons"], found["R9"]["ticket"], found["R9"]["draw"]) == (["nik_unknown"], None, None)


def test_two_people_of_one_number_have_two_tickets(world: World) -> None:
    for name, card in (("BUDI SANTOSO", 1), ("TONO WIDODO", 2)):
        world.person(nik(1), full_name=name, kk=kk(card))
        world.apply(WAVE, name[:4], nik(1), full_name=name, kk=kk(card))
    found = decided(world)
    assert {id_: row["ticket"] for id_, row in found.items()} == {
        name[:4]: ticket(f"{nik(1)}|{name}|{BORN}") for name in ("BUDI SANTOSO", "TONO WIDODO")
    }


@pytest.mark.parametrize(
    ("members", "others", "refused", "placed"), [(1, 0, 0, 1), (3, 0, 1, 2), (5, 4, 3, 3), (2, 4, 0, 3)]
)
def test_the_line_moves_up_for_members_beyond_the_limit(
    world: World, members: int, others: int, refused: int, placed: int
) -> None:
    ids = family(world, members)
    for n in range(others):
        family(world, 1, card=20 + n, first=20 + n)
    found = decided(world)
    in_order = sorted(ids, key=lambda id_: found[id_]["position"])
    assert full(found) == set(in_order[2:])
    assert len(full(found)) == refused
    assert sum(row["outcome"] == "accepted" for row in found.values()) == placed
    assert sorted(row["position"] for row in found.values()) == list(range(1, members + others + 1))
    accepted = sorted((row for row in found.values() if row["rank"]), key=lambda row: row["rank"])
    assert [row["position"] for row in accepted] == sorted(row["position"] for row in accepted)


@pytest.mark.parametrize(("earlier", "left"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_recipients_of_earlier_waves_come_before_all(world: World, earlier: int, left: int) -> None:
    ids = family(world, 2)
    for n in range(earlier):
        world.accepted(world.person(nik(100 + n)), wave=2)
    found = decided(world)
    assert len(set(ids) - full(found)) == left


def test_priority_stands_before_the_draw(world: World) -> None:
    ids = family(world, 3)
    for id_ in ids[1:]:
        world.enter("priority", nik(int(id_[1:])), listed_by="KEMNAKER")
    assert full(decided(world)) == {ids[0]}
