"""The population: every person is a pure function of (seed, index). Touches no file.

People are in the order of the district that issued their NIK, so an extract sorted by NIK needs no global sort. NIKs
are unique by construction: within a district the n-th person gets the n-th free pair of birth day and serial.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate import noise
from pipeline.simulate.noise import I64
from pipeline.simulate.population import names
from pipeline.simulate.population.regions import Regions

BLOCK = 8  # neighbours in the index who make one, two or three households
#: Age pyramid of Indonesia, census of 2020 (BPS), shares of ten-year groups; the last is 80-84.
_PYRAMID = (0.162, 0.165, 0.170, 0.160, 0.142, 0.109, 0.067, 0.020, 0.005)
_SLOTS = 1 << 16
_EARLIEST = -36_525  # 1870, in days since 1970
_MOVE = 6  # people in a thousand who marry, divorce or move out between two waves of a country
_NEXT_CARD = 100  # serials further on: the next family card of a person who moves
_SERIALS = 4  # free serials of one birth day in one round of slots: no day has more slots than that
#: Which household of the block each member belongs to.
_HOUSEHOLDS = np.array(
    [
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 1, 1, 1],
        [0, 0, 0, 1, 1, 1, 2, 2],
        [0, 0, 0, 0, 1, 1, 1, 2],
        [0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 2, 2, 3],
        [0, 0, 0, 0, 1, 1, 2, 2],
        [0, 0, 0, 0, 0, 1, 1, 2],
    ],
    dtype=np.int64,
)
#: Occupations as the register writes them, with rough weights; the second list is barred by Perpres 76/2020 art. 3(5).
OCCUPATIONS = {
    "BELUM/TIDAK BEKERJA": 22, "MENGURUS RUMAH TANGGA": 18, "KARYAWAN SWASTA": 16, "WIRASWASTA": 14,
    "BURUH HARIAN LEPAS": 8, "PETANI/PEKEBUN": 9, "PEDAGANG": 4, "GURU": 1.5, "NELAYAN/PERIKANAN": 1, "SOPIR": 1,
    "PEMBANTU RUMAH TANGGA": 1, "TUKANG JAHIT": 0.7, "MEKANIK": 0.7, "PERAWAT": 0.4, "USTADZ/MUBALIGH": 0.3,
    "PERDAGANGAN": 1, "KARYAWAN HONORER": 0.8, "TUKANG KAYU": 0.6, "PENSIUNAN": 1,
}  # fmt: skip
BARRED_OCCUPATIONS = {
    "PEGAWAI NEGERI SIPIL (PNS)": 3, "TENTARA NASIONAL INDONESIA (TNI)": 0.6, "KEPOLISIAN RI (POLRI)": 0.6,
    "PERANGKAT DESA": 0.4, "KEPALA DESA": 0.2, "ANGGOTA DPRD KABUPATEN/KOTA": 0.1, "KARYAWAN BUMN": 0,
}  # fmt: skip
STUDENT = "PELAJAR/MAHASISWA"
OCCUPATION_NAMES = (*OCCUPATIONS, *BARRED_OCCUPATIONS, STUDENT)
FIRST_BARRED = len(OCCUPATIONS)
_ANY = noise.lottery([*OCCUPATIONS.values(), *BARRED_OCCUPATIONS.values()])
ALLOWED_ONLY = noise.lottery(list(OCCUPATIONS.values()))
BARRED_ONLY = noise.lottery(list(BARRED_OCCUPATIONS.values()))


@dataclass
class People:
    """Attributes of some people, one array each; dates are days since 1970."""

    index: I64
    nik: I64
    kk: I64
    woman: NDArray[np.bool_]
    birth: I64
    age: I64
    name: I64  # place in names.pool()
    citizen: NDArray[np.bool_]
    alive: NDArray[np.bool_]
    occupation: NDArray[np.int16]  # place in OCCUPATION_NAMES
    province: I64  # place in Regions.provinces: where they live


class World:
    """Everyone there is. ``day`` (the wave's closing day) is when ages are counted.

    Of a country with several waves ``first_day`` is the first one's, by which everyone was born, and ``step`` how many
    waves came before: at each of them some have moved to another family card.
    """

    def __init__(
        self, seed: int, size: int, regions: Regions, day: date, *, first_day: date | None = None, step: int = 0
    ) -> None:
        self.seed, self.size, self.regions, self.day, self.step = seed, size, regions, day, step
        edges = np.cumsum(regions.weights) / regions.weights.sum()
        self.ends = np.round(edges * size).astype(np.int64)
        self.starts = np.concatenate([[0], self.ends[:-1]])
        self._births, self._offsets = _slots(first_day or day)
        self._turn = noise.pick(seed, "turn", regions.districts, _SLOTS)
        kinds = [noise.lottery(names.mix(culture), 64) for culture in regions.cultures]
        self._kinds = np.stack(kinds)
        self._move = noise.lottery(np.bincount(regions.province, weights=regions.weights))

    def people(self, index: I64) -> People:
        """The people at these places (any order, any number)."""
        seed, regions = self.seed, self.regions
        district = np.searchsorted(self.ends, index, side="right")
        place = index - self.starts[district]
        slot = (place * 40_503 + self._turn[district]) % _SLOTS
        birth = self._births[slot]
        serial = 1 + (place // _SLOTS) * _SERIALS + self._offsets[slot]
        woman = noise.pick(seed, "sex", index, 1000) < 495
        nik = (regions.districts[district] * 1_000_000 + ddmmyy(birth, woman)) * 10_000 + serial
        # in some people the register's date was corrected; a NIK is never corrected
        corrected = noise.pick(seed, "corrected", index, 1000) < 4
        birth = np.where(corrected, birth - 1 - noise.pick(seed, "correction", index, 700), birth)
        home = regions.province[district]
        kind = self._kinds[home, noise.pick(seed, "kind", index, self._kinds.shape[1])].astype(np.int64)
        age = age_on(birth, self.day)
        occupation = noise.weighted(seed, "occupation", index, _ANY)
        occupation = np.where(age < 18, OCCUPATION_NAMES.index(STUDENT), occupation).astype(np.int16)
        moved = noise.pick(seed, "moved", index, 1000) < 40
        return People(
            index=index,
            nik=nik,
            kk=self._kk(index) + self.moves(index) * _NEXT_CARD,
            woman=woman,
            birth=birth,
            age=age,
            name=(kind * 2 + woman) * names.POOL + noise.pick(seed, "name", index, names.POOL),
            citizen=noise.pick(seed, "citizen", index, 10_000) >= 5,
            alive=noise.pick(seed, "alive", index, 1000) >= 6,
            occupation=occupation,
            province=np.where(moved, noise.weighted(seed, "move", index, self._move), home).astype(np.int64),
        )

    def moves(self, index: I64, until: int | None = None) -> I64:
        """How often each person has moved to another family card since the country's first wave; or will, until that
        step."""
        times = np.zeros(len(index), dtype=np.int64)
        for step in range(1, (self.step if until is None else until) + 1):
            times += noise.pick(self.seed, f"moves family {step}", index, 1000) < _MOVE
        return times

    def household(self, index: I64) -> I64:
        """Which household of its block each person belongs to, 0 the largest."""
        block = index // BLOCK
        return _HOUSEHOLDS[noise.pick(self.seed, "household", block, len(_HOUSEHOLDS)), index % BLOCK]

    def _kk(self, index: I64) -> I64:
        """The family card: district, day of issue and serial, unique for each household."""
        block = index // BLOCK
        district = np.searchsorted(self.ends, block * BLOCK, side="right")
        place = block - -(-self.starts[district] // BLOCK)
        issued = _days(date(2006, 1, 2)) + (place * 3_121) % 5_003
        serial = 1 + (place // 5_003) * 4 + self.household(index)
        return (self.regions.districts[district] * 1_000_000 + ddmmyy(issued)) * 10_000 + serial


def _days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _slots(day: date) -> tuple[I64, I64]:
    """Birth days in the pyramid's proportions, and a serial for each that no other slot of the same day has."""
    edges = np.concatenate([[0], np.cumsum(_PYRAMID)]) / sum(_PYRAMID)
    years = np.array([*range(0, 10 * len(_PYRAMID), 10), 85], dtype=np.float64)
    ages = np.interp((np.arange(_SLOTS) + 0.5) / _SLOTS, edges, years)
    births = _days(day) - np.floor(ages * 365.2425).astype(np.int64)
    first = np.searchsorted(-births, -births, side="left")
    offsets = np.arange(_SLOTS) - first
    if offsets.max() >= _SERIALS:
        raise AssertionError("a birth day has more slots than serials")
    return births, offsets


def civil(days: I64) -> tuple[I64, I64, I64]:
    """Year, month and day of days since 1970 (the civil-from-days algorithm of Howard Hinnant)."""
    z = days + 719_468
    era = z // 146_097
    doe = z - era * 146_097
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = np.where(mp < 10, mp + 3, mp - 9)
    return yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


@lru_cache(maxsize=1)
def _digits() -> I64:
    """``DDMMYY`` of every day that a simulation meets, from ``_EARLIEST`` on: looking up is ten times as fast."""
    year, month, day = civil(np.arange(_EARLIEST, _EARLIEST + 73_000))
    return np.asarray(day * 10_000 + month * 100 + year % 100, dtype=np.int64)


def ddmmyy(days: I64, woman: NDArray[np.bool_] | None = None) -> I64:
    """The six digits of a birth date inside a NIK: day, plus 40 for a woman, month, year of the century."""
    digits = _digits()[days - _EARLIEST]
    return digits if woman is None else digits + woman * 400_000


def age_on(birth: I64, day: date) -> I64:
    """Full years on a day; a birthday on that day counts."""
    year, month, dom = civil(birth)
    before = (month > day.month) | ((month == day.month) & (dom > day.day))
    return np.asarray(day.year - year - before, dtype=np.int64)
