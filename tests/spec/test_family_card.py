"""At most two recipients per family card (KK), from wave 12 on: who stands first in the draw keeps the place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.domain.calendar import Wave
from tests.spec.world import World, kk, nik, wave

WAVE = wave(12)


def order(wave: Wave, ids: list[str]) -> list[str]:
    """The ids as the draw has them."""
    return sorted(ids, key=lambda id_: hashlib.sha256(f"{wave.seed}:{id_}".encode()).hexdigest())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def family(world: World, wave: Wave, count: int) -> list[str]:
    """Members of one family card who all apply without a fault."""
    return [world.apply(wave, f"R{n}", world.person(nik(n))) for n in range(1, count + 1)]


def refused(found: dict) -> list[str]:
    return [id_ for id_, row in found.items() if row["reasons"] == ["kk_limit"]]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_first_two_of_the_draw_keep_their_place(world: World, count: int):
    ids = family(world, WAVE, count)
    assert refused(world.screen(WAVE)) == sorted(order(WAVE, ids)[2:])


def test_another_seed_keeps_others(world: World):
    ids = family(world, WAVE, 3)
    kept = {tuple(refused(world.screen(wave(12, seed=f"seed-{n}")))) for n in range(12)}
    assert kept == {(id_,) for id_ in ids}


def test_not_in_force_before_wave_12(world: World):
    family(world, wave(11), 5)
    assert refused(world.screen(wave(11))) == []


def test_priority_stands_before_the_draw(world: World):
    ids = family(world, WAVE, 3)
    last = order(WAVE, ids)[2]
    world.enter("priority", nik(int(last[1:])), listed_by="KEMNAKER")
    assert refused(world.screen(WAVE)) == [order(WAVE, ids)[1]]


@pytest.mark.parametrize(("earlier", "left"), [(1, 1), (2, 0), (3, 0)])
def test_an_earlier_recipient_counts_though_they_do_not_apply(world: World, earlier: int, left: int):
    ids = family(world, WAVE, 2)
    for n in range(earlier):
        world.accepted(world.person(nik(100 + n)), wave=2)
    assert refused(world.screen(WAVE)) == sorted(order(WAVE, ids)[left:])


def test_an_earlier_recipient_counts_once_though_two_cohorts_have_them(world: World):
    ids = family(world, WAVE, 2)
    number = world.person(nik(100))
    world.accepted(number, wave=2)
    world.accepted(number, wave=3, revision=1)
    assert refused(world.screen(WAVE)) == order(WAVE, ids)[1:]


def test_an_earlier_recipient_counts_once_though_the_register_has_them_twice(world: World):
    ids = family(world, WAVE, 2)
    world.accepted(world.person(nik(100)), wave=2)
    world.person(nik(100))
    assert refused(world.screen(WAVE)) == order(WAVE, ids)[1:]


def test_a_recipient_who_shares_a_number_with_a_stranger_counts_in_one_family(world: World):
    ids = family(world, WAVE, 2)
    for n in (100, 101):  # each shared with a stranger who lives with the applicants, and never took part
        world.accepted(world.person(nik(n), kk=kk(50), full_name="BUDI SANTOSO"), wave=2)
        world.person(nik(n), full_name="TONO WIDODO")
    assert refused(world.screen(WAVE)) == []
    assert len(ids) == 2


def test_an_earlier_recipient_who_applies_again_takes_one_place_only(world: World):
    ids = family(world, WAVE, 3)
    world.accepted(nik(1), wave=2)
    found = world.screen(WAVE)
    assert found["R1"]["reasons"] == ["already_accepted"]
    assert refused(found) == order(WAVE, ids[1:])[1:]


def test_only_who_is_otherwise_eligible_counts(world: World):
    ids = family(world, WAVE, 3)
    first = order(WAVE, ids)[0]
    world.enter("bansos", nik(int(first[1:])), programme="PKH", status="active")
    found = world.screen(WAVE)
    assert found[first]["reasons"] == ["bansos_recipient"]
    assert refused(found) == []


def test_other_families_do_not_count(world: World):
    family(world, WAVE, 2)
    world.apply(WAVE, "R9", world.person(nik(9), kk=kk(2)), kk=kk(2))
    assert refused(world.screen(WAVE)) == []


def test_the_register_knows_the_family_not_the_application(world: World):
    family(world, WAVE, 2)
    world.apply(WAVE, "R9", world.person(nik(9)), kk=kk(2))
    found = world.screen(WAVE)
    assert found["R9"]["reasons"] == ["identity_mismatch"]
    assert refused(found) == []
