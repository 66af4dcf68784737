"""What a wave is: the historical calendar, the weekly rule, year ends, and a file that contradicts itself."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.calendar import Calendar, Wave
from pipeline.domain.errors import (
    BadCalendarError,
    BadQuotaError,
    MissingSeedError,
    SeedOfBeaconWaveError,
    UnknownWaveError,
)
from pipeline.storage.files import read_text
from pipeline.storage.paths import project_data

PROJECT = Calendar.parse(read_text(project_data() / "calendar.toml"))

WEEKLY = """
[recurring]
from = 2020-12-21
quota = 5
beacon = "drand-quicknet"
"""


@pytest.mark.parametrize(
    ("number", "opens", "closes", "quota"),
    [
        (1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 200_000),
        (4, datetime(2020, 8, 8), datetime(2020, 8, 12, 23, 59, 59), 800_000),
        (9, datetime(2020, 9, 17), datetime(2020, 9, 21, 12), 800_000),
        (10, datetime(2020, 9, 26), datetime(2020, 9, 28, 23, 59, 59), 116_261),
    ],
)
def test_declared_waves_are_as_history_has_them(number, opens, closes, quota):
    wave = PROJECT.wave(number)
    assert (wave.opens, wave.closes, wave.quota) == (opens, closes, quota)
    assert wave.key == f"wave-{number:04d}"
    assert wave.seed_source


def test_a_change_after_the_announcement_is_a_new_version_and_the_old_one_is_kept():
    text = "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-16T16:00:00\nquota = 200_000\n"
    change = "[[wave.earlier]]\nchanged = 2020-04-{day}\n{what}\n"
    assert Calendar.parse(text).wave(1).version == 1
    once = text + change.format(day=10, what="quota = 164_000")
    twice = once + change.format(day=12, what="closes = 2020-04-15T16:00:00")
    assert (Calendar.parse(once).wave(1).version, Calendar.parse(twice).wave(1).version) == (2, 3)
    assert Calendar.parse(twice).wave(1).quota == 200_000  # what holds is what stands in the wave's own table
    with pytest.raises(BadCalendarError, match=r"wave 1: earlier\.0\.changed"):
        Calendar.parse(text + "[[wave.earlier]]\nquota = 1\n")
    assert (PROJECT.wave(1).version, PROJECT.wave(3).version) == (2, 1)


def test_wave_1_was_drawn_before_selfies_and_not_refilled():
    wave = PROJECT.wave(1)
    assert (wave.selfie, wave.refill, wave.policy, wave.priority_share) == ("after_draw", False, "explain", 1.0)


def test_weeks_after_the_declared_waves_are_numbered_on():
    assert PROJECT.wave(13).opens == datetime(2021, 3, 1)
    assert PROJECT.wave(14).opens == datetime(2021, 3, 8)
    assert PROJECT.wave(14).closes == datetime(2021, 3, 11, 23, 59, 59)
    assert (PROJECT.wave(13).seed, PROJECT.wave(13).seed_source, PROJECT.wave(13).beacon) == ("", "", "drand-quicknet")


def test_the_weekly_rule_crosses_a_year_end():
    waves = Calendar.parse(WEEKLY).waves(until=date(2021, 1, 4))
    assert [w.opens.date() for w in waves] == [date(2020, 12, 21), date(2020, 12, 28), date(2021, 1, 4)]
    assert [w.number for w in waves] == [1, 2, 3]


def test_a_week_that_a_declared_wave_touches_is_not_made_twice():
    declared = """
    [[wave]]
    number = 2
    opens = 2020-12-30T00:00:00
    closes = 2021-01-02T16:00:00
    quota = 7
    """
    waves = Calendar.parse(declared + WEEKLY).waves(until=date(2021, 1, 4))
    assert [(w.number, w.quota) for w in waves] == [(1, 5), (2, 7), (3, 5)]


def test_until_ends_the_weekly_rule():
    calendar = Calendar.parse(WEEKLY.replace("quota", "until = 2020-12-28\nquota"))
    assert len(calendar.waves(until=date(2022, 1, 1))) == 2


@given(st.integers(1, 400))
def test_every_weekly_wave_runs_from_monday_to_thursday(number):
    wave = Calendar.parse(WEEKLY).wave(number)
    assert (wave.opens.weekday(), wave.closes.weekday()) == (0, 3)
    assert wave.closes.time().isoformat() == "23:59:59"


def test_an_unknown_wave_is_named():
    with pytest.raises(UnknownWaveError, match="no wave 7"):
        Calendar.parse("").wave(7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[wave]\n", "not TOML"),
        ("[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-10T00:00:00\nquota = 1", "wave 1"),
        ("[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00", "quota"),
        (
            "[[wave]]\nnumber = 3\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 1\nqota = 2",
            "qota",
        ),
        ("[[wave]]\nnumber = 3\nopens = 2020-04-11T00:00:00Z\ncloses = 2020-04-12T00:00:00Z\nquota = 1", "offset"),
        ("wave = 3", "wave"),
        ("[wave]\nnumber = 3", "wave"),
        ("defaults = 5", "defaults"),
        ("[[waves]]\nnumber = 3", "waves"),
        ("recurring = true", "recurring"),
        ("[recurring]\nfrom = 2020-01-01\nquota = 1\nselfie = 'sometimes'", "selfie"),
    ],
)
def test_a_bad_calendar_names_the_place(text, says):
    with pytest.raises(BadCalendarError, match=says):
        Calendar.parse(text)


def test_a_wave_declared_twice_is_refused():
    one = "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 1\n"
    with pytest.raises(BadCalendarError, match="wave 1 twice"):
        Calendar.parse(one + one)


def test_params_override_the_calendar_and_say_so():
    wave = PROJECT.wave(1).with_params(quota=10, seed="abc")
    assert (wave.quota, wave.seed, wave.seed_source) == (10, "abc", "given when the wave was started")


def test_a_quota_of_zero_and_a_missing_seed_are_named_errors():
    with pytest.raises(BadQuotaError, match="quota of 0"):
        PROJECT.wave(1).with_params(quota=0)
    bare = "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 1\n"
    with pytest.raises(MissingSeedError):
        Calendar.parse(bare).wave(1).with_params()


BARE = "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 1\n"
WEEK = "[recurring]\nfrom = 2020-01-01\nquota = 1\n"


def test_a_weekly_wave_with_neither_seed_nor_beacon_is_a_named_error():
    with pytest.raises(MissingSeedError, match=r"\[recurring\] has neither a beacon nor a seed"):
        Calendar.parse(WEEK)
    assert Calendar.parse(WEEK + 'seed = "s"\n').wave(3).seed == "s-3"
    assert Calendar.parse('[defaults]\nbeacon = "drand-quicknet"\n' + WEEK).wave(3).beacon == "drand-quicknet"


def test_a_wave_has_a_seed_or_a_beacon():
    beacon, seed = 'beacon = "drand-quicknet"\n', 'seed = "s"\n'
    for table in (BARE, WEEK):
        with pytest.raises(BadCalendarError, match="a seed or a beacon, not both"):
            Calendar.parse(table + beacon + seed)
        with pytest.raises(BadCalendarError, match="beacon"):
            Calendar.parse(table + 'beacon = "dice"\n')
        with pytest.raises(BadCalendarError, match="beacon_after"):
            Calendar.parse(table + beacon + "beacon_after = -1\n")
    for defaults, own, drawn_by in ((beacon, seed, ("s", "")), (seed, beacon, ("", "drand-quicknet"))):
        wave = Calendar.parse("[defaults]\n" + defaults + BARE + own).wave(1)
        assert (wave.seed, wave.beacon) == drawn_by


def test_a_seed_cannot_be_given_to_a_wave_with_a_beacon():
    wave = Calendar.parse(BARE + 'beacon = "drand-quicknet"\nbeacon_after = 36\n').wave(1)
    assert wave.with_params() == wave
    assert wave.beacon_due == datetime(2020, 4, 13, 12)
    with pytest.raises(SeedOfBeaconWaveError, match="drawn by drand-quicknet"):
        wave.with_params(seed="liked better")


@pytest.mark.parametrize(
    ("closes", "day", "last"),
    [
        (datetime(2021, 3, 4, 23, 59, 59), date(2021, 3, 4), datetime(2021, 3, 4, 23, 59, 59, 999_999)),
        (datetime(2021, 3, 5), date(2021, 3, 4), datetime(2021, 3, 5)),
        (datetime(2021, 3, 1), date(2021, 2, 28), datetime(2021, 3, 1)),
        (datetime(2021, 3, 5, 0, 0, 1), date(2021, 3, 5), datetime(2021, 3, 5, 0, 0, 1, 999_999)),
        (datetime(2020, 4, 16, 16), date(2020, 4, 16), datetime(2020, 4, 16, 16, 0, 0, 999_999)),
    ],
)
def test_a_window_ends_with_its_last_second_and_midnight_ends_the_day_before(closes, day, last):
    wave = Wave(1, datetime(2020, 1, 1), closes, 1)
    assert (wave.closing_day, wave.last_moment) == (day, last)
