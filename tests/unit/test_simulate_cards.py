"""Cards planted in simulated selfies: which, with which numbers, and what a wave must find of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.domain.errors import BadSettingError
from pipeline.domain.reasons import CARD_CODES
from pipeline.simulate import planted_cards, presets
from pipeline.simulate.between.past import Past
from pipeline.simulate.faults import PHOTO_CODES, SELFIE_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.photo_job import HeldCard, Job
from pipeline.simulate.photos.photographs import Rendered
from pipeline.simulate.planted_cards import ALTERED, ANOTHER, DIFFERS, NONE, RIGHT, UNREADABLE, Cards
from pipeline.simulate.population import regions
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.files import read_json
from tests.query import rows
from tests.spec.world import wave
from tests.unit.test_simulate_wave import THEIRS, digest, make

SEED, PEOPLE, APPLY = 5, 4_000, 600
DAY = wave(3).closing_day


def plan(card: str = "check", **shares: float) -> SimulationPlan:
    table = presets.preset("small")
    return SimulationPlan(
        wave=wave(3, card=card, selfie="after_draw"),
        seed=SEED,
        registrations=APPLY,
        population=PEOPLE,
        quota=50,
        shares=table["shares"],
        selfie=table["selfie"],
        card=shares or table["card"],
    )


@pytest.fixture(scope="module")
def world() -> World:
    return World(SEED, PEOPLE, regions.load(SEED), DAY)


def applied(**faults: list[int]) -> dict[str, Any]:
    """As many people as apply, all photographed, with these faults of a photograph at these places."""
    fault = np.full(APPLY, -1)
    for code, places in faults.items():
        fault[places] = SELFIE_CODES.index(code)
    return {
        "person": np.arange(APPLY) * 5,
        "wanted": np.ones(APPLY, bool),
        "turn": np.random.default_rng(1).permutation(APPLY),
        "fault": fault,
        "copy_of": np.full(APPLY, -1),
    }


def digits_apart(one: int, other: int) -> int:
    return sum(a != b for a, b in zip(f"{one:016d}", f"{other:016d}", strict=True))


def codes(cards: Cards) -> list[list[str]]:
    return [[code for n, code in enumerate(PHOTO_CODES) if int(bits) >> n & 1] for bits in cards.planted]


def own_numbers(world: World, person: I64) -> list[int]:
    return [int(nik) for nik in world.people(person).nik]


def test_each_kind_of_card_bears_its_number_and_is_to_be_found(world: World) -> None:
    given = applied()
    cards = planted_cards.plant(plan(), world, **given)
    everybody = {int(nik) for nik in world.people(np.arange(PEOPLE)).nik}
    expected = {RIGHT: [], ANOTHER: ["card_differs"], ALTERED: ["card_differs"], NONE: ["card_missing"],
                UNREADABLE: ["card_unreadable"]}  # fmt: skip
    apart: dict[int, set[int]] = {kind: set() for kind in expected}
    own_ones = own_numbers(world, given["person"])
    for kind, number, own, found in zip(
        cards.kind.tolist(), cards.number.tolist(), own_ones, codes(cards), strict=True
    ):
        assert found == expected[int(kind)]
        assert (number < 0) == (kind == NONE)
        apart[int(kind)].add(digits_apart(number, own) if number >= 0 else -1)
        if kind == ANOTHER:
            assert number in everybody - {own}
    assert (apart[RIGHT], apart[UNREADABLE], apart[ALTERED]) == ({0}, {0}, {1})
    assert np.bincount(cards.kind, minlength=5)[RIGHT] > 0.85 * APPLY


def test_a_wave_that_looks_at_no_cards_has_none(world: World) -> None:
    for other in (plan("off"), replace(plan(), wave=replace(plan().wave, selfie="off"))):
        cards = planted_cards.plant(other, world, **applied())
        assert planted_cards.held(int(cards.kind[0]), int(cards.number[0])) is None
        assert (cards.kind == -1).all()
        assert not cards.planted.any()


def test_the_same_seed_plants_the_same_cards_and_another_does_not(world: World) -> None:
    one, again, other = (
        planted_cards.plant(replace(plan(), seed=seed), world, **applied()) for seed in (SEED, SEED, SEED + 1)
    )
    assert (one.kind == again.kind).all()
    assert (one.number == again.number).all()
    assert (one.kind != other.kind).any()


def test_even_a_few_selfies_show_every_kind_of_card(world: World) -> None:
    given = applied() | {"wanted": np.arange(APPLY) < 8}
    cards = planted_cards.plant(plan(), world, **given)
    assert set(cards.kind[:8].tolist()) == {RIGHT, ANOTHER, ALTERED, NONE, UNREADABLE}
    assert (cards.kind[8:] == -1).all()
    only = planted_cards.plant(plan(another=0.0, altered=0.0, none=0.5, unreadable=0.0), world, **given)
    assert set(only.kind[:8].tolist()) == {RIGHT, NONE}


def test_what_is_no_picture_shows_no_card_and_what_is_none_of_a_face_holds_none(world: World) -> None:
    faults = {"selfie_missing": [0], "selfie_unreadable": [1], "no_face": [2], "several_faces": [3], "blur": [4],
              "dark": [5]}  # fmt: skip
    cards = planted_cards.plant(plan(), world, **applied(**faults))
    assert cards.kind[:6].tolist() == [-1, -1, NONE, NONE, NONE, NONE]
    assert codes(cards)[:6] == [[], []] + [["card_missing"]] * 4
    assert planted_cards.held(int(cards.kind[2]), int(cards.number[2])) == HeldCard("none", "")


def test_a_picture_that_is_sent_again_shows_the_card_of_who_sent_it_first(world: World) -> None:
    given = applied(reused_photo=[0, 1, 2])
    alone = planted_cards.plant(plan(), world, **given)
    hosts = [int(np.flatnonzero(alone.kind[3:] == kind)[0]) + 3 for kind in (RIGHT, NONE, UNREADABLE)]
    given["copy_of"][:3] = hosts
    cards = planted_cards.plant(plan(), world, **given)
    assert cards.kind[:3].tolist() == cards.kind[hosts].tolist()
    assert cards.number[:3].tolist() == cards.number[hosts].tolist()
    assert codes(cards)[:3] == [["card_differs"], ["card_missing"], ["card_unreadable"]]
    assert int(cards.planted[0]) == DIFFERS


def test_new_photographs_show_the_persons_own_card(world: World, tmp_path: Path) -> None:
    jobs = [Job(n, 7 + n, True, fault, tmp_path, None) for n, fault in enumerate((None, "no_face"))]
    own = f"{own_numbers(world, np.array([7]))[0]:016d}"
    found = planted_cards.with_own_cards(plan(), Past(first_day=DAY), jobs)
    assert [job.card for job in found] == [HeldCard("right", own), HeldCard("none", "")]
    assert planted_cards.with_own_cards(plan("off"), Past(first_day=DAY), jobs) == jobs


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The photographs that would be rendered, all of them."""
    asked: list[Job] = []

    def render(_seed: int, jobs: list[Job], *_arguments: object, **_options: object) -> Rendered:
        asked.extend(jobs)
        return Rendered()

    monkeypatch.setattr("pipeline.simulate.photos.photographs.render", render)
    return asked


def test_a_wave_with_cards_differs_from_one_without_only_in_its_selfies(tmp_path: Path, unrendered: list[Job]) -> None:
    wishes: dict[str, Any] = {"photos": "drawn", "registrations": 500, "population": 10_000, "quota": 40}
    plain, shown = make(tmp_path / "plain", **wishes), make(tmp_path / "cards", cards=True, **wishes)
    one, other = digest(plain), digest(shown)
    landing = "landing/wave-0012"
    assert {path for path in one if one[path] != other.get(path)} == {
        "calendar.toml", f"{landing}/simulated.json", f"{landing}/truth.parquet"
    }  # fmt: skip
    assert set(one) == set(other)
    half = len(unrendered) // 2
    without, with_cards = unrendered[:half], unrendered[half:]
    assert {job.card for job in without} == {None}
    kinds = Counter(job.card.kind for job in with_cards if job.card)
    told = read_json(shown / landing / "simulated.json")
    assert told["cards"] == kinds
    assert "cards" not in read_json(plain / landing / "simulated.json")
    planted = rows(f"select unnest(selfie_planted) as code, count(*) from '{shown}/{landing}/truth.parquet' group by 1")
    found = {code: n for code, n in planted if code in CARD_CODES}
    assert found["card_differs"] >= kinds["another"] + kinds["altered"]
    assert (found["card_missing"], found["card_unreadable"]) == (kinds["none"], kinds["unreadable"])
    codes_of = f"select unnest(selfie_planted) as code from '{plain}/{landing}/truth.parquet'"
    assert not [code for (code,) in rows(codes_of) if code in CARD_CODES]


def test_cards_are_asked_for_in_a_calendar_that_is_there(tmp_path: Path, unrendered: list[Job]) -> None:
    (tmp_path / "calendar.toml").write_text(THEIRS)
    with pytest.raises(BadSettingError, match="without cards"):
        make(tmp_path, quota=None, cards=True)
    (tmp_path / "calendar.toml").write_text(THEIRS + 'card = "check"\n')
    make(tmp_path, quota=None, photos="drawn")
    assert {job.card is None for job in unrendered} == {False}
