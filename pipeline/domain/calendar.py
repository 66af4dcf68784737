"""What a wave is: the declared ones of ``calendar.toml``, then the Monday–Thursday rule for the rest.

Reads one TOML file and knows nothing else. Times are local (WIB, Asia/Jakarta) and carry no offset, as in the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from pipeline.domain.calendar_tables import (
    BeaconName,
    CardMode,
    Declared,
    PolicyMode,
    Recurring,
    SamePersonMode,
    SelfieMode,
    Tables,
)
from pipeline.domain.errors import (
    BadCalendarError,
    BadQuotaError,
    MissingSeedError,
    SeedOfBeaconWaveError,
    UnknownWaveError,
)
from pipeline.domain.wave_keys import wave_key

#: Western Indonesian time: every moment without an offset, and every moment that is shown.
WIB = ZoneInfo("Asia/Jakarta")
#: Of these two a wave has one.
_DRAWN_BY = ("seed", "beacon")


@dataclass(frozen=True)
class Wave:
    """One registration wave and the rules of the game that were set for it."""

    number: int
    opens: datetime
    closes: datetime
    quota: int
    seed: str = ""
    seed_source: str = ""
    selfie: SelfieMode = "after_draw"
    policy: PolicyMode = "explain"
    refill: bool = False
    priority_share: float = 1.0
    selfie_policy: str = ""
    same_person: SamePersonMode = "check"
    version: int = 1
    beacon: BeaconName = ""
    beacon_after: float = 24.0
    areas: tuple[tuple[str, float], ...] = ()  # shares of the quota: province or regency, share
    card: CardMode = "off"

    @property
    def key(self) -> str:
        """``wave-0001``: the wave's folder, and its partition key in Airflow."""
        return wave_key(self.number)

    @property
    def last_moment(self) -> datetime:
        """The last moment inside the window: a second lasts until the next one, midnight is the end of a day."""
        if self.closes.time() == time():
            return self.closes
        return self.closes.replace(microsecond=999_999)

    @property
    def closing_day(self) -> date:
        """The day on which ages, extracts and rules are taken; who closes at 00:00:00 closes the day before."""
        return (self.closes - timedelta(microseconds=1)).date()

    @property
    def regencies(self) -> tuple[str, ...]:
        """The regencies that have a share of the quota: people of one are of it, and not of their province."""
        return tuple(code for code, _ in self.areas if len(code) == 4)

    @property
    def beacon_due(self) -> datetime:
        """The moment that fixes the beacon's round: the first round at or after it (WIB, as all times here)."""
        return self.closes + timedelta(hours=self.beacon_after)

    def with_params(self, *, quota: int | None = None, seed: str | None = None) -> Wave:
        """The wave as it is run: calendar values, unless quota or seed are given.

        Raises BadQuotaError for a quota below 1, MissingSeedError when there is neither seed nor beacon, and
        SeedOfBeaconWaveError for a seed given to a wave whose seed comes from a beacon.
        """
        wave = self
        if quota is not None:
            wave = replace(wave, quota=quota)
        if seed and wave.beacon:
            raise SeedOfBeaconWaveError(f"Wave {wave.number} is drawn by {wave.beacon}; no seed can be given.")
        if seed:
            wave = replace(wave, seed=seed, seed_source="given when the wave was started")
        if wave.quota < 1:
            raise BadQuotaError(f"Wave {wave.number} has a quota of {wave.quota}.")
        if not wave.seed and not wave.beacon:
            raise MissingSeedError(f"Wave {wave.number} has neither a seed nor a beacon.")
        return wave


class Calendar:
    """All waves, declared and recurring, in the order in which they open."""

    def __init__(self, declared: list[Wave], recurring: Recurring | None = None) -> None:
        numbers = [wave.number for wave in declared]
        twice = sorted({n for n in numbers if numbers.count(n) > 1})
        if twice:
            raise BadCalendarError(f"calendar.toml declares wave {twice[0]} twice.")
        self._declared = {wave.number: wave for wave in declared}
        self._recurring = recurring

    @classmethod
    def parse(cls, text: str) -> Calendar:
        """Reads a calendar. Raises BadCalendarError, naming the wave and the key."""
        try:
            raw: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise BadCalendarError(f"calendar.toml is not TOML: {e}.") from e
        try:
            tables = Tables(**raw)
        except ValidationError as e:
            raise BadCalendarError(f"calendar.toml: {_first(e)}.") from e
        declared: list[Wave] = []
        for table in tables.wave:
            try:
                declared.append(_wave(Declared(**_with_defaults(tables.defaults, table))))
            except ValidationError as e:
                raise BadCalendarError(f"calendar.toml, wave {table.get('number', '?')}: {_first(e)}.") from e
        try:
            rule = tables.recurring
            recurring = Recurring(**_with_defaults(tables.defaults, rule)) if rule is not None else None
        except ValidationError as e:
            raise BadCalendarError(f"calendar.toml, [recurring]: {_first(e)}.") from e
        if recurring is not None and not recurring.seed and not recurring.beacon:
            raise MissingSeedError(
                "calendar.toml, [recurring] has neither a beacon nor a seed: anybody could foretell its draws.",
                'Set `beacon = "drand-quicknet"` in [recurring] of calendar.toml.',
            )
        return cls(declared, recurring)

    def wave(self, number: int) -> Wave:
        """The wave with this number. Raises UnknownWaveError."""
        if number in self._declared:
            return self._declared[number]
        for wave in self._weekly():
            if wave.number == number:
                return wave
            if wave.number > number:
                break
        raise UnknownWaveError(f"The calendar has no wave {number}.")

    def waves(self, until: date) -> list[Wave]:
        """Every wave that opens on or before ``until``, in order of opening."""
        weekly: list[Wave] = []
        for wave in self._weekly():
            if wave.opens.date() > until:
                break
            weekly.append(wave)
        declared = [wave for wave in self._declared.values() if wave.opens.date() <= until]
        return sorted([*declared, *weekly], key=lambda wave: (wave.opens, wave.number))

    def _weekly(self) -> Iterator[Wave]:
        """Weeks of the Monday–Thursday rule that no declared wave touches, numbered on from the wave before them."""
        rule = self._recurring
        if rule is None:
            return
        monday = rule.from_ + timedelta(days=-rule.from_.weekday() % 7)
        number = 0
        for week in count():
            opens = datetime.combine(monday + timedelta(weeks=week), time())
            closes = opens + timedelta(days=4) - timedelta(seconds=1)
            if (rule.until is not None and opens.date() > rule.until) or opens.year > monday.year + 150:
                return
            if any(w.opens <= closes and opens <= w.closes for w in self._declared.values()):
                continue
            before = [w.number for w in self._declared.values() if w.opens < opens]
            number = max([number, *before]) + 1
            while number in self._declared:
                number += 1
            shared = {**rule.model_dump(exclude={"from_", "until", "area"}), "areas": rule.areas}
            seed = f"{rule.seed}-{number}" if rule.seed else ""
            yield Wave(number=number, opens=opens, closes=closes, **{**shared, "seed": seed})


def _wave(table: Declared) -> Wave:
    """A declared wave, with its newest values."""
    fields = table.model_dump(exclude={"earlier", "area"})
    return Wave(**fields, areas=table.areas, version=len(table.earlier) + 1)


def _with_defaults(defaults: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """A table with the defaults for what it leaves open. With a seed of its own it takes no beacon of the defaults, and
    the other way round."""
    own = any(table.get(name) for name in _DRAWN_BY)
    merged = {**{name: x for name, x in defaults.items() if not (own and name in _DRAWN_BY)}, **table}
    if merged.get("beacon") and "seed_source" not in table:
        merged.pop("seed_source", None)  # it belongs to a seed of the defaults, which this table does not use
    return merged


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, after its key."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    return f"{key}: {problem['msg']}" if key else str(problem["msg"])
