"""When waves run: each at its closing, with partition key ``wave-0002``. Airflow finds this through ``plugin.py``.

The calendar is read again each time the scheduler asks, so a wave that is declared or moved needs no restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.utils.types import DagRunType
from pendulum import DateTime, instance

from pipeline.domain import wave_keys
from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.settings import settings
from pipeline.storage.paths import Store

#: Airflow asks for one run ahead; a calendar without a wave for this long has ended.
_HORIZON = timedelta(days=400)
#: A scheduler that was down runs waves that closed within this time, in order. Older ones need a backfill.
MADE_GOOD = timedelta(days=14)


def closing(wave: Wave) -> DateTime:
    """The moment at which a wave's run may begin, with its offset."""
    return instance(wave.closes.replace(tzinfo=WIB))


def waves(until: date) -> list[Wave]:
    """The calendar's waves by closing."""
    return sorted(Store.at(settings().data).calendar().waves(until), key=lambda wave: (wave.closes, wave.number))


def wave_number(partition_key: str) -> int:
    """2 for ``wave-0002``. Raises InvalidPartitionKeyError."""
    number = wave_keys.wave_number(partition_key)
    if number is None:
        raise InvalidPartitionKeyError(f"{partition_key!r} is not a wave; wave-0002 would be.")
    return number


class WaveTimetable(Timetable):
    """One run per wave, at its closing."""

    description = "Once per registration wave, at its closing"
    partitioned = True

    @property
    def summary(self) -> str:
        """The text that the page shows as the schedule."""
        return "per wave"

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """A run started by hand has no interval of its own: its form names the wave."""
        return DataInterval.exact(run_after)

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next wave to close, or one that was missed recently. Older ones need a backfill, unless the DAG
        catches up. So a backfill of old waves, even as the first run, starts none of the later waves."""
        now = DateTime.now(WIB)
        after = last_dagrun_info.run_after if last_dagrun_info else None
        if not restriction.catchup:
            after = max(after, now - MADE_GOOD) if after else now
        for wave in waves((now + _HORIZON).date()):
            at = closing(wave)
            if after is not None and at <= after:
                continue
            if restriction.earliest is not None and at < restriction.earliest:
                continue
            if restriction.latest is not None and at > restriction.latest:
                return None
            return _info(wave)
        return None

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """The waves that close between two moments, in order: what ``airflow backfill create`` runs. A last day
        without a time counts whole."""
        first, last = self.localize_partition_datetime(earliest), self.localize_partition_datetime(latest)
        if last == last.start_of("day"):
            last = last.end_of("day")
        return (_info(wave) for wave in waves(last.date()) if first <= closing(wave) <= last)

    def localize_partition_datetime(self, dt: datetime) -> DateTime:
        """Takes a bound of a backfill as local time."""
        return instance(dt.replace(tzinfo=WIB))

    def _decode_partition_date(self, partition_key: str) -> datetime | None:
        return closing(Store.at(settings().data).calendar().wave(wave_number(partition_key)))

    def generate_run_id(
        self, *, run_type: DagRunType, run_after: DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        """``scheduled__wave-0002__2020-04-23T…+07:00``: people look for the wave; the time is WIB.

        A backfill has the moment of its making at the end: Airflow makes a second run of a wave for
        ``--reprocess-behavior`` and keeps the first (apache/airflow#68618), and no two runs may have one name.
        """
        key = extra.get("partition_key")
        parts = [*([key] if key else []), run_after.astimezone(WIB).isoformat()]
        if run_type == DagRunType.BACKFILL_JOB:
            parts.append(f"{DateTime.now(WIB):%Y%m%dT%H%M%S%f}")
        return str(run_type.generate_run_id(suffix="__".join(parts)))


def _info(wave: Wave) -> DagRunInfo:
    at = closing(wave)
    return DagRunInfo(run_after=at, data_interval=None, partition_date=at, partition_key=wave.key)
