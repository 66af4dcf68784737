"""Writes the extracts of a wave: population, education, bansos, priority, blacklist.

People are made again from their index, chunk by chunk; those who apply are given what was planted for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from typing import TypeVar

import numpy as np
import pyarrow as pa

from pipeline.simulate import faults, table_writers
from pipeline.simulate.noise import I64
from pipeline.simulate.population.people import World
from pipeline.simulate.population.regions import Regions
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers import delivery_dates, extract_rows, other_registers
from pipeline.simulate.registers.population_register import population
from pipeline.simulate.registers.registered_people import Applied, Registered, registered
from pipeline.storage.paths import Store

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_CHUNK = 250_000
_PER_FILE = {False: 500_000, True: 30_000_000}
#: Of so many applicants without a fault, one is on it for the first time: too few for a publication to ask again.
_NEWLY = 80


class Deliveries:
    """The open files of a wave's extracts, of older ones, and of one that comes after the wave."""

    def __init__(self, plan: SimulationPlan, store: Store, stack: ExitStack, *, older: bool, newer: bool) -> None:
        self._plan, self._store, self._stack = plan, store, stack
        self.current = {name: self._parts(name, delivery_dates.asof(plan, name)) for name in delivery_dates.NAMES}
        stale_day, too_new_day = delivery_dates.stale_day(plan), delivery_dates.too_new_day(plan)
        self.stale = {name: self._parts(name, stale_day) for name in ("education", "bansos")} if older else {}
        self.newer = self._parts("bansos", too_new_day) if newer else None

    def _parts(self, name: str, day: date) -> table_writers.Parts:
        folder = delivery_dates.delivery(self._store, name, day)
        for old in folder.glob("part-*.parquet"):
            old.unlink()
        schema, rows = extract_rows.schema(self._plan, name), _PER_FILE[self._plan.narrow]
        return self._stack.enter_context(table_writers.Parts(folder, "part", schema, rows))


def write(plan: SimulationPlan, world: World, applied: Applied, store: Store, workers: int = 1) -> dict[str, int]:
    """Writes every extract in one pass over the population; rows by extract. Older and newer deliveries too."""
    older, newer = (applied.first and not plan.narrow), (applied.last and not plan.narrow)
    with ExitStack() as stack:
        out = Deliveries(plan, store, stack, older=older, newer=newer)

        def make(chunk: tuple[int, int]) -> list[tuple[table_writers.Parts, pa.Table]]:
            return _tables(plan, world.regions, registered(plan, world, applied, *chunk), out)

        for made in _ahead(make, _chunks(world, by_district=plan.narrow), workers):
            for part, table in made:
                part.write(table)
        if out.newer:
            newcomers = _newcomers(applied)
            out.newer.write(other_registers.newly_assisted(plan, world.people(newcomers).nik))
        return {name: part.rows for name, part in out.current.items()}


def _tables(
    plan: SimulationPlan, regions: Regions, register: Registered, out: Deliveries
) -> list[tuple[table_writers.Parts, pa.Table]]:
    """The rows of a range of the population, each table with the delivery that it belongs to."""
    bansos = other_registers.bansos(plan, register)
    made = [
        (out.current["population"], population(plan, regions, register)),
        (out.current["education"], other_registers.education(plan, register)),
        (out.current["bansos"], bansos),
        (out.current["priority"], other_registers.priority(plan, register)),
        (out.current["blacklist"], other_registers.blacklist(plan, register)),
    ]
    if out.newer:
        made.append((out.newer, bansos))
    if out.stale:
        made.append((out.stale["education"], other_registers.education(plan, register, stale=True)))
        made.append((out.stale["bansos"], other_registers.bansos(plan, register, stale=True)))
    return made


def _newcomers(applied: Applied) -> I64:
    """People whom the wave may accept, and whom the last screening before publication must refuse."""
    newcomer = ~np.isin(applied.person, applied.before)
    return applied.person[((applied.mask & ~faults.FAMILY) == 0) & newcomer][::_NEWLY]


def _ahead(make: Callable[[_In], _Out], items: Iterator[_In], workers: int) -> Iterator[_Out]:
    """Results in the order of the items. Threads make a few of them in advance (numpy releases the lock)."""
    waiting: deque[Future[_Out]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _chunks(world: World, *, by_district: bool) -> Iterator[tuple[int, int]]:
    """Ranges of the population; at borders of districts where each range is to be sorted by NIK."""
    start = 0
    ends = np.unique(world.ends) if by_district else np.arange(_CHUNK, world.size + _CHUNK, _CHUNK)
    for number, end in enumerate(ends):
        if end - start >= _CHUNK or number == len(ends) - 1:
            yield start, min(int(end), world.size)
            start = int(end)
