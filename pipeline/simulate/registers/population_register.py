"""Rows of the population register, with a second person where two have one NIK. Touches no file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.ingest.extracts import REGENCY
from pipeline.simulate.faults import SHARED
from pipeline.simulate.population import names, people, spelling
from pipeline.simulate.population.regions import Regions
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers.extract_rows import coded, numbers, schema
from pipeline.simulate.registers.registered_people import Registered


def population(plan: SimulationPlan, regions: Regions, register: Registered) -> pa.Table:
    """A range of the population register."""
    who = register.people
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
        REGENCY: regions.regency(plan.seed, who.index, who.nik, who.province),
        "photo": register.photo,
    }
    shared = np.flatnonzero(register.mask & SHARED)
    if len(shared):
        second = _second_people({name: values[shared] for name, values in columns.items()})
        columns = {name: np.concatenate([values, second[name]]) for name, values in columns.items()}
    if plan.narrow:
        order = np.argsort(columns["nik"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    table = pa.table(
        {
            "nik": numbers(plan, "population", columns["nik"]),
            "kk": numbers(plan, "population", columns["kk"]),
            "full_name": coded(columns["full_name"], names.pool_as_arrow()),
            "birth_date": pa.array(columns["birth_date"].astype("datetime64[D]")),
            "sex": coded(columns["sex"], ("L", "P")),
            "citizenship": coded(columns["citizenship"], ("WNA", "WNI")),
            "alive": pa.array(columns["alive"]),
            "occupation": coded(columns["occupation"], people.OCCUPATION_NAMES),
            "province_code": coded(columns["province_code"], regions.provinces),
            REGENCY: pa.array(columns[REGENCY]).cast(pa.string()),
            "photo": pa.array(columns["photo"], pa.string()),
        }
    )
    return table.select(schema(plan, "population").names)


def _second_people(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Other people under the same NIK: another name, another family card, the same birth date, no photograph."""
    size = len(columns["nik"])
    return columns | {
        "kk": columns["kk"] + 6_000,
        "full_name": np.array([spelling.other_place(int(place)) for place in columns["full_name"]]),
        "photo": np.full(size, None, dtype=object),
        "alive": np.ones(size, dtype=bool),
        "citizenship": np.ones(size, dtype=np.int32),
    }
