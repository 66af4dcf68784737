"""Runs follow the calendar: one per wave, at its closing, keyed by the wave."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import TimeRestriction
from pendulum import DateTime, instance

from pipeline.airflow_plugin.timetable import MADE_GOOD, WaveTimetable, closing, wave_number
from pipeline.domain.calendar import WIB
from pipeline.domain.settings import settings

FIRST = datetime(2020, 4, 1, tzinfo=UTC)


@pytest.fixture
def timetable(tmp_path, monkeypatch):
    monkeypatch.setenv("GELOMBANG_DATA", str(tmp_path))
    settings.cache_clear()
    yield WaveTimetable()
    settings.cache_clear()


def follow(timetable, catchup, earliest, count):
    last, keys = None, []
    for _ in range(count):
        last = timetable.next_dagrun_info_v2(
            last_dagrun_info=last, restriction=TimeRestriction(earliest=earliest, latest=None, catchup=catchup)
        )
        keys.append((last.partition_key, last.run_after.in_timezone("UTC").isoformat()))
    return keys


def test_catching_up_starts_every_wave_once_at_its_closing(timetable):
    assert follow(timetable, True, instance(FIRST), 3) == [
        ("wave-0001", "2020-04-16T09:00:00+00:00"),  # 16:00 in Jakarta
        ("wave-0002", "2020-04-23T16:59:59+00:00"),
        ("wave-0003", "2020-04-30T16:59:59+00:00"),
    ]


def test_without_catching_up_the_next_wave_is_in_the_future(timetable):
    first, second = (
        timetable.next_dagrun_info_v2(
            last_dagrun_info=last, restriction=TimeRestriction(earliest=instance(FIRST), latest=None, catchup=False)
        )
        for last in [
            None,
            timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=TimeRestriction(None, None, False)),
        ]
    )
    assert DateTime.now(WIB) < first.run_after < second.run_after
    assert (second.run_after - first.run_after).days in (7, 6)


def test_after_a_backfill_of_old_waves_those_after_them_do_not_start(timetable):
    catching_up = TimeRestriction(instance(FIRST), None, True)
    old = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=catching_up)
    found = timetable.next_dagrun_info_v2(
        last_dagrun_info=old, restriction=TimeRestriction(instance(FIRST), None, False)
    )
    assert found.run_after > DateTime.now(WIB) - MADE_GOOD


def test_a_scheduler_that_was_down_makes_good_what_it_missed_lately(timetable, monkeypatch):
    restriction = TimeRestriction(instance(FIRST), None, False)
    ahead = [timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)]
    for _ in range(3):
        ahead.append(timetable.next_dagrun_info_v2(last_dagrun_info=ahead[-1], restriction=restriction))
    back = ahead[2].run_after.add(hours=3)  # the scheduler is up again: two waves closed in the meantime
    monkeypatch.setattr("pipeline.airflow_plugin.timetable.DateTime.now", lambda zone: back.in_timezone(zone))
    assert timetable.next_dagrun_info_v2(last_dagrun_info=ahead[0], restriction=restriction) == ahead[1]
    assert timetable.next_dagrun_info_v2(last_dagrun_info=ahead[1], restriction=restriction) == ahead[2]


@pytest.mark.parametrize(
    ("latest", "last"),
    [("2020-04-30", 3), ("2020-04-30T23:59:59", 3), ("2020-04-30T12:00:00", 2), ("2020-04-29", 2)],
)
def test_a_backfill_takes_the_waves_that_close_in_its_window(timetable, latest, last):
    found = timetable.iter_partition_dagrun_infos(
        earliest=datetime(2020, 4, 1, tzinfo=UTC), latest=datetime.fromisoformat(latest).replace(tzinfo=UTC)
    )
    assert [info.partition_key for info in found] == [f"wave-{n:04d}" for n in range(1, last + 1)]


def test_the_timetable_ends_with_the_calendar(timetable, tmp_path):
    (tmp_path / "calendar.toml").write_text(
        "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 1\n"
    )
    restriction = TimeRestriction(earliest=None, latest=None, catchup=True)
    only = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert only.partition_key == "wave-0001"
    assert timetable.next_dagrun_info_v2(last_dagrun_info=only, restriction=restriction) is None


def test_a_wave_moved_after_it_was_announced_moves_its_run(timetable, tmp_path):
    text = "[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-{day}T00:00:00\nquota = 1\n"
    for day in (12, 14):
        (tmp_path / "calendar.toml").write_text(text.format(day=day))
        assert follow(timetable, True, None, 1)[0][1].startswith(f"2020-04-{day - 1}")


def test_partition_keys_name_waves(timetable):
    assert wave_number("wave-0012") == 12
    assert timetable.resolve_partition_date("wave-0001") == closing(settings_wave(1))
    with pytest.raises(InvalidPartitionKeyError):
        wave_number("2020-04-11")


def settings_wave(number):
    from pipeline.storage.paths import Store

    return Store.at(settings().data).calendar().wave(number)


def test_the_plugin_is_found_by_airflow():
    from airflow import plugins_manager

    assert "pipeline.airflow_plugin.timetable.WaveTimetable" in plugins_manager.get_timetables_plugins()


def test_what_airflow_stored_before_the_modules_moved_is_still_read():
    from airflow.serialization.decoders import decode_timetable

    assert isinstance(decode_timetable({"__type": "pipeline.timetable.WaveTimetable", "__var": {}}), WaveTimetable)
    assert callable(import_module("pipeline.deadline").wave_is_late)
