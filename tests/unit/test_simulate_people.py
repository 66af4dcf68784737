"""Simulated people: NIKs that are unique and well formed, families, names that are near or far as they should be."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulate import noise
from pipeline.simulate.population import names, people, regions, spelling
from pipeline.simulate.population.people import World

DAY = date(2021, 2, 26)
SIZE = 30_000


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, SIZE, regions.load(7), DAY)


@pytest.fixture(scope="module")
def everyone(world):
    return world.people(np.arange(SIZE))


@given(st.integers(1, 5_000), st.integers(0, 2**31))
def test_a_shuffle_visits_every_number_once(n, seed):
    assert sorted(noise.Shuffle(n, seed, "x")(np.arange(n)).tolist()) == list(range(n))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(0, 2**40))
def test_a_number_depends_on_its_place_alone(index, seed):
    together = noise.uniform(seed, "f", np.array(index))
    alone = [noise.uniform(seed, "f", np.array([i]))[0] for i in index]
    assert together.tolist() == alone
    assert ((together >= 0) & (together < 1)).all()


def test_random_numbers_are_even_and_fields_are_independent():
    a, b = (noise.uniform(1, field, np.arange(100_000)) for field in ("a", "b"))
    assert abs(a.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02


def test_a_person_is_the_same_in_any_chunk(world, everyone):
    some = np.array([29_999, 5, 12_345])
    again = world.people(some)
    for name, values in vars(again).items():
        assert values.tolist() == vars(everyone)[name][some].tolist(), name


def test_niks_are_unique_and_sixteen_digits(everyone):
    assert len(np.unique(everyone.nik)) == SIZE
    assert all(len(str(nik)) == 16 for nik in everyone.nik[:2_000])


def test_niks_stay_unique_where_a_district_has_more_people_than_days():
    crowded = World(7, 270_000_000, regions.load(7), DAY)
    many = crowded.people(np.arange(100_000_000, 100_400_000))
    assert len(np.unique(many.nik)) == 400_000
    assert (many.nik % 10_000).max() < 5_000  # serials from there on belong to nobody


def test_a_nik_holds_district_birth_date_and_forty_for_women(everyone):
    known = regions.load(7).districts
    assert np.isin(everyone.nik // 10**10, known).all()
    right = 0
    for k in range(2_000):
        born = date.fromordinal(date(1970, 1, 1).toordinal() + int(everyone.birth[k]))
        day = born.day + 40 * bool(everyone.woman[k])
        right += f"{day:02d}{born:%m%y}" == str(everyone.nik[k])[6:12]
    assert 1_960 <= right < 2_000  # a few dates were corrected in the register; the NIK never is


def test_people_live_in_a_regency_of_their_province_and_mostly_where_their_nik_was_issued(everyone):
    known = regions.load(7)
    found = known.regency(7, everyone.index, everyone.nik, everyone.province)
    assert (found // 100 == np.array([int(code) for code in known.provinces])[everyone.province]).all()
    assert np.isin(found, known.districts // 100).all()
    assert 0.8 < (found == everyone.nik // 10**12).mean() < 1
    assert (found == known.regency(7, everyone.index, everyone.nik, everyone.province)).all()


def test_districts_of_2020_have_the_old_codes_of_papua():
    codes = {int(code) // 100 for code in regions.load(1).districts}
    assert {9101, 9102, 9104, 9171, 9201, 9271} <= codes
    assert not any(9300 <= code <= 9699 for code in codes)


def test_families_share_a_card_and_no_card_leaves_its_block(everyone):
    _, counts = np.unique(everyone.kk, return_counts=True)
    assert counts.max() <= 6
    assert (counts >= 3).mean() > 0.2


@pytest.mark.parametrize(
    ("born", "age"),
    [(date(2003, 2, 26), 18), (date(2003, 2, 27), 17), (date(2000, 2, 29), 20), (date(1960, 12, 31), 60)],
)
def test_age_counts_the_birthday_on_the_day(born, age):
    days = np.array([(born - date(1970, 1, 1)).days])
    assert people.age_on(days, DAY).tolist() == [age]


@given(st.integers(-20_000, 30_000))
def test_calendar_agrees_with_the_standard_library(days):
    year, month, day = (int(v[0]) for v in people.civil(np.array([days])))
    assert date(year, month, day) == date.fromordinal(date(1970, 1, 1).toordinal() + days)


def test_names_have_one_word_or_several_and_all_kinds():
    pool = names.pool()
    assert len(pool) == len(names.kinds()) * 2 * names.POOL
    assert 0.02 < np.mean([" " not in name for name in pool]) < 0.4
    assert not [name for name in pool if sum(word in spelling.MUHAMMAD for word in name.split()) > 1]


@given(st.integers(0, 90_000))
def test_a_slip_differs_by_one_letter_and_another_name_shares_no_word(place):
    place %= len(names.pool())
    own = names.pool()[place]
    assert len(spelling.slip(own)) == len(own) - 1
    assert not set(own.split()) & set(spelling.other(place).split())


def test_benign_spellings_keep_the_letters():
    place = 5
    ways = spelling.written(np.full(4, place), np.arange(4))
    assert {"".join(str(way).upper().split()) for way in ways} == {"".join(names.pool()[place].split())}
