"""The cohort of the wave before: who was accepted there, so that no person is accepted twice and families are
counted."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from pipeline.domain.contracts import COHORT
from pipeline.domain.wave_keys import wave_key
from pipeline.simulate.noise import I64
from pipeline.simulate.population import names
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store


def write(plan: SimulationPlan, world: World, accepted: I64, store: Store) -> None:
    """Publishes wave N-1 with these people (places in the population) as its cohort, in the order of a draw."""
    number = plan.wave.number - 1
    who = world.people(np.unique(accepted))
    ids = [f"{number:04d}-{n:08d}" for n in range(len(who.index))]
    draws = [hashlib.sha256(f"wave before {plan.seed}:{i}".encode()).hexdigest() for i in ids]
    order = np.argsort(np.array(draws), kind="stable")
    homes = np.array(world.regions.provinces, dtype=object)
    table = pa.table(
        {
            "wave": np.full(len(ids), number, dtype=np.int32),
            "rank": np.arange(1, len(ids) + 1),
            "registration_id": np.array(ids, dtype=object)[order],
            "nik": who.nik.astype("U16").astype(object)[order],
            "full_name": names.pool()[who.name][order],
            "province_code": homes[who.province][order],
            "tier": np.full(len(ids), "public", dtype=object),
            "draw": np.array(draws, dtype=object)[order],
        }
    )
    write_table(table, store.published(wave_key(number)) / "rev-1" / "cohort.parquet", COHORT)
