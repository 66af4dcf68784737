"""Writes the extracts: population, education, bansos, priority, blacklist, and the cohort of the wave before.

People are made again from their index, chunk by chunk; those who apply are given what was planted for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain import contracts
from pipeline.ingest.extracts import REGENCY
from pipeline.simulate import faults, noise, table_writers
from pipeline.simulate.faults import BIT, SHARED
from pipeline.simulate.noise import I64
from pipeline.simulate.planted_truth import listed
from pipeline.simulate.population import names, people, spelling
from pipeline.simulate.population.people import People, World
from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.paths import Store

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_CHUNK = 250_000
_PER_FILE = {False: 500_000, True: 30_000_000}
#: How many days before closing each extract was taken.
_AGE = {"population": 2, "education": 4, "bansos": 0, "priority": 1, "blacklist": 0}
_STALE = 35  # days before closing of the older deliveries, which must not be used
_TOO_NEW = 5  # days after closing of a delivery that only the last screening before publication may use
#: Of so many applicants without a fault, one is on it for the first time: too few for a publication to ask again.
_NEWLY = 80
_PROGRAMMES = ("PKH", "BPNT", "BST", "BLT-DD", "BSU")
_REGISTERS = ("dapodik", "pddikti", "emis")
_LEVELS = ("SD", "SMP", "SMA", "SMK", "D3", "S1", "MI", "MTs", "MA")
_LISTS = ("Kemnaker", "BPJS Ketenagakerjaan", "Kemenparekraf", "Disnaker")
_WHY = ("tidak membeli pelatihan dalam 30 hari", "dicabut kepesertaannya", "data ganda")


@dataclass(frozen=True)
class Applied:
    """Everyone who applies, by place in the population (ascending)."""

    person: I64
    mask: I64
    photo: NDArray[np.bool_]  # has a photograph in the register
    before: I64  # who has applied in an earlier wave, by place in the population
    #: Of a country with several waves only the first has older deliveries, and only the last has newer ones.
    first: bool = True
    last: bool = True

    def among(self, start: int, stop: int) -> slice:
        """Which of them have a place in start … stop - 1."""
        low, high = np.searchsorted(self.person, [start, stop])
        return slice(int(low), int(high))


def asof(plan: SimulationPlan, name: str) -> date:
    """The date of an extract's delivery that the wave must use."""
    return plan.wave.closing_day - timedelta(days=_AGE[name])


def delivery(store: Store, name: str, day: date) -> Path:
    """The folder of an extract's delivery."""
    return store.extract(name) / f"asof={day.isoformat()}"


def photo_paths(person: I64) -> list[str]:
    """Where reference photographs lie below ``photos/``."""
    return [f"{n % 100:02d}/{n:09d}.jpg" for n in person.tolist()]


def write(plan: SimulationPlan, world: World, applied: Applied, store: Store, workers: int = 1) -> dict[str, int]:
    """Writes every extract in one pass over the population; rows by extract. Older and newer deliveries too."""
    with ExitStack() as stack:

        def parts(name: str, day: date) -> table_writers.Parts:
            folder = delivery(store, name, day)
            for old in folder.glob("part-*.parquet"):
                old.unlink()
            return stack.enter_context(table_writers.Parts(folder, "part", _schema(plan, name), _PER_FILE[plan.narrow]))

        current = {name: parts(name, asof(plan, name)) for name in _AGE}
        stale_day = plan.wave.closing_day - timedelta(days=_STALE)
        old, new = (applied.first and not plan.narrow), (applied.last and not plan.narrow)
        stale = {name: parts(name, stale_day) for name in ("education", "bansos")} if old else {}
        newer = parts("bansos", plan.wave.closing_day + timedelta(days=_TOO_NEW)) if new else None

        def make(chunk: tuple[int, int]) -> list[tuple[table_writers.Parts, pa.Table]]:
            everyone, mask, applies = _overridden(plan, world, applied, *chunk)
            made = [(current["population"], _population(plan, world, everyone, mask, applies, applied))]
            for name, rows in (("education", _education), ("bansos", _bansos)):
                made.append((current[name], rows(plan, everyone, mask, applies, False)))
                if newer and name == "bansos":
                    made.append((newer, made[-1][1]))
                if name in stale:
                    made.append((stale[name], rows(plan, everyone, mask, applies, True)))
            made.append((current["priority"], _priority(plan, everyone, applies)))
            made.append((current["blacklist"], _blacklist(plan, everyone, mask, applies)))
            return made

        for made in _ahead(make, _chunks(world, plan.narrow), workers):
            for part, table in made:
                part.write(table)
        if newer:  # whom the wave may accept and the last screening before publication must not
            newcomer = ~np.isin(applied.person, applied.before)
            clean = applied.person[((applied.mask & ~faults.FAMILY) == 0) & newcomer][::_NEWLY]
            newer.write(_rows(plan, "bansos", world.people(clean).nik, programme="BST", status="active"))
        return {name: part.rows for name, part in current.items()}


def _ahead(make: Callable[[_In], _Out], items: Iterator[_In], workers: int) -> Iterator[_Out]:
    """Results in the order of the items, made by threads (numpy lets go of the lock) a few ahead of who takes them."""
    waiting: deque[Future[_Out]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _schema(plan: SimulationPlan, name: str) -> pa.Schema:
    """The contract's schema; NIK and KK are 64-bit integers in narrow extracts and, to see both, in bansos."""
    whole = plan.narrow or name == "bansos"
    schema = contracts.EXTRACTS[name].schema
    left_out = (REGENCY,) if plan.narrow else ()  # a register may do without: a country's worth of it is wide enough
    return pa.schema(
        [
            pa.field(f.name, pa.int64() if whole and f.name in ("nik", "kk") else f.type)
            for f in schema
            if f.name not in left_out
        ]
    )


def _chunks(world: World, by_district: bool) -> Iterator[tuple[int, int]]:
    """Ranges of the population; at borders of districts where each range is to be sorted by NIK."""
    start = 0
    ends = np.unique(world.ends) if by_district else np.arange(_CHUNK, world.size + _CHUNK, _CHUNK)
    for number, end in enumerate(ends):
        if end - start >= _CHUNK or number == len(ends) - 1:
            yield start, min(int(end), world.size)
            start = int(end)


def _overridden(
    plan: SimulationPlan, world: World, applied: Applied, start: int, stop: int
) -> tuple[People, I64, NDArray[np.bool_]]:
    """The people of a range as the register has them, their fault masks, and who of them applies."""
    who = world.people(np.arange(start, stop))
    here = applied.among(start, stop)
    at = applied.person[here] - start
    mask = np.zeros(stop - start, dtype=np.int64)
    mask[at] = applied.mask[here]
    applies = np.zeros(stop - start, dtype=bool)
    applies[at] = True
    who.alive[at] = applied.mask[here] & BIT["deceased"] == 0
    who.citizen[at] = applied.mask[here] & BIT["not_citizen"] == 0
    barred = applied.mask[here] & BIT["excluded_occupation"] > 0
    index = applied.person[here]
    other = noise.weighted(plan.seed, "allowed", index, people.ALLOWED_ONLY)
    kept = np.where(who.occupation[at] >= people.FIRST_BARRED, other, who.occupation[at])
    bar = people.FIRST_BARRED + noise.weighted(plan.seed, "barred", index, people.BARRED_ONLY)
    who.occupation[at] = np.where(barred, bar, kept)
    return who, mask, applies


def _numbers(plan: SimulationPlan, name: str, values: I64) -> pa.Array:
    whole = plan.narrow or name == "bansos"
    return pa.array(values) if whole else pa.array(values).cast(pa.string())


def _coded(values: NDArray[np.integer], texts: tuple[str, ...] | pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), pa.array(texts, pa.string()))


def _population(
    plan: SimulationPlan, world: World, who: People, mask: I64, applies: NDArray[np.bool_], applied: Applied
) -> pa.Table:
    photo = np.full(len(mask), None, dtype=object)
    here = applied.among(int(who.index[0]), int(who.index[-1]) + 1)
    has = applied.photo[here]
    photo[np.flatnonzero(applies)[has]] = photo_paths(applied.person[here][has])
    columns: dict[str, NDArray[Any]] = {
        "nik": who.nik,
        "kk": who.kk,
        "full_name": who.name,
        "birth_date": who.birth,
        "sex": who.woman.astype(np.int32),
        "citizenship": who.citizen.astype(np.int32),
        "alive": who.alive,
        "occupation": who.occupation,
        "province_code": who.province,
        **({} if plan.narrow else {REGENCY: world.regions.regency(plan.seed, who.index, who.nik, who.province)}),
        "photo": photo,
    }
    twin = np.flatnonzero(mask & SHARED)
    if len(twin):  # another person under the same number: another name, another family, the same day of birth
        second = {name: values[twin] for name, values in columns.items()}
        second["kk"] = second["kk"] + 6_000
        second["full_name"] = np.array([spelling.other_place(int(place)) for place in second["full_name"]])
        second["photo"] = np.full(len(twin), None, dtype=object)
        second["alive"], second["citizenship"] = np.ones(len(twin), dtype=bool), np.ones(len(twin), dtype=np.int32)
        columns = {name: np.concatenate([values, second[name]]) for name, values in columns.items()}
    if plan.narrow:
        order = np.argsort(columns["nik"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    return pa.table(
        {
            "nik": _numbers(plan, "population", columns["nik"]),
            "kk": _numbers(plan, "population", columns["kk"]),
            "full_name": _coded(columns["full_name"], names.pool_as_arrow()),
            "birth_date": pa.array(columns["birth_date"].astype("datetime64[D]")),
            "sex": _coded(columns["sex"], ("L", "P")),
            "citizenship": _coded(columns["citizenship"], ("WNA", "WNI")),
            "alive": pa.array(columns["alive"]),
            "occupation": _coded(columns["occupation"], people.OCCUPATION_NAMES),
            "province_code": _coded(columns["province_code"], world.regions.provinces),
            **({} if plan.narrow else {REGENCY: pa.array(columns[REGENCY]).cast(pa.string())}),
            "photo": pa.array(columns["photo"], pa.string()),
        }
    )


def _rows(plan: SimulationPlan, name: str, nik: I64, **columns: object) -> pa.Table:
    """Rows of an extract, sorted by NIK where it is narrow. A column is an array or one value for all."""
    arrays = [_numbers(plan, name, nik)]
    for value in columns.values():
        arrays.append(value if isinstance(value, pa.Array) else pa.array([value] * len(nik)))
    table = pa.table(arrays, names=["nik", *columns])
    return table.take(np.argsort(nik, kind="stable")) if plan.narrow else table


def _education(plan: SimulationPlan, who: People, mask: I64, applies: NDArray[np.bool_], stale: bool) -> pa.Table:
    """School and college: the young are in it, some of the others have left; who applies is in it only if planted."""
    seed, index, age = plan.seed, who.index, who.age
    u = noise.uniform(seed, "education", index)
    active = ((age >= 6) & (age < 18) & (u < 0.72)) | ((age >= 18) & (age < 24) & (u < 0.2))
    active = np.where(applies, mask & BIT["in_education"] > 0, active)
    past = (age >= 18) & (age < 40) & (u > 0.82) & ~active
    if stale:
        v = noise.uniform(seed, "education then", index)
        active, past = np.where(applies, v < 0.15, active & (v < 0.97)), past & (v < 0.97)
    twice = active & (noise.pick(seed, "education twice", index, 20) == 0)
    at = np.concatenate([np.flatnonzero(active | past), np.flatnonzero(twice)])
    second = np.arange(len(at)) >= len(at) - int(twice.sum())
    college = age[at] >= 18
    emis = (noise.pick(seed, "emis", index[at], 100) < 15) ^ second
    level = np.where(college, 4 + noise.pick(seed, "level", index[at], 2), np.clip((age[at] - 6) // 3 - 1, 0, 3))
    level = np.where(emis & ~college, 6 + np.clip((age[at] - 6) // 3 - 1, 0, 2), level)
    status = np.where(active[at], 0, 1 + (noise.pick(seed, "left", index[at], 4) == 0))
    return _rows(
        plan, "education", who.nik[at],
        register=_coded(np.where(emis, 2, college.astype(np.int64)), _REGISTERS),
        level=_coded(level, _LEVELS),
        status=_coded(status, ("active", "graduated", "left")),
    )  # fmt: skip


def _bansos(plan: SimulationPlan, who: People, mask: I64, applies: NDArray[np.bool_], stale: bool) -> pa.Table:
    """Social assistance: about a third of the people, some of it over; who applies gets it only if planted."""
    seed, index = plan.seed, who.index
    u = noise.uniform(seed, "bansos", index)
    programmes = len(_PROGRAMMES) - (plan.wave.number < 4)  # the wage subsidy began in August 2020
    social = np.where(applies, mask & BIT["bansos_recipient"] > 0, u < 0.24)
    wage = np.where(applies, mask & BIT["bsu_recipient"] > 0, (u > 0.97) & (who.age >= 18)) & (programmes == 5)
    ended = (u > 0.3) & (u < 0.36) & ~social & ~wage
    twice = (noise.pick(seed, "bansos twice", index, 5) == 0) & social
    if stale:
        v = noise.uniform(seed, "bansos then", index)
        social, ended = np.where(applies, v < 0.2, social & (v < 0.97)), ended & (v < 0.97)
    at = np.concatenate([np.flatnonzero(which) for which in (social, wage, ended, twice)])
    kind = np.repeat(np.arange(4), [int(which.sum()) for which in (social, wage, ended, twice)])
    first = noise.pick(seed, "programme", index[at], 4)
    over = noise.pick(seed, "programme that ended", index[at], programmes)
    programme = np.select([kind == 0, kind == 1, kind == 2], [first, np.full(len(at), 4), over], (first + 1) % 4)
    return _rows(
        plan, "bansos", who.nik[at],
        programme=_coded(programme, _PROGRAMMES),
        status=_coded((kind == 2).astype(np.int64), ("active", "ended")),
    )  # fmt: skip


def _priority(plan: SimulationPlan, who: People, applies: NDArray[np.bool_]) -> pa.Table:
    """Who was laid off: the applicants among them, and a tenth of the others so that the list is not theirs alone."""
    at = np.flatnonzero(listed(plan, who.index) & (applies | (noise.pick(plan.seed, "others", who.index, 20) == 0)))
    return _rows(plan, "priority", who.nik[at], listed_by=_coded(noise.pick(plan.seed, "by", who.index[at], 4), _LISTS))


def _blacklist(plan: SimulationPlan, who: People, mask: I64, applies: NDArray[np.bool_]) -> pa.Table:
    """Who lost a place before; one in ten on the closing day itself, which counts."""
    chance = noise.pick(plan.seed, "blacklisted", who.index, 10_000) < 2
    at = np.flatnonzero(np.where(applies, mask & BIT["blacklisted"] > 0, chance))
    ago = noise.pick(plan.seed, "since", who.index[at], 300)
    closing = int(np.datetime64(plan.wave.closing_day, "D").astype(np.int64))
    since = closing - np.where(ago < 30, 0, ago)
    return _rows(
        plan, "blacklist", who.nik[at],
        reason=_coded(noise.pick(plan.seed, "why", who.index[at], len(_WHY)), _WHY),
        since=pa.array(since.astype("datetime64[D]")),
    )  # fmt: skip
