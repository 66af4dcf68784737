"""A simulation between its tables and its photographs: kept on disk, so that a kill costs no more than was in flight.

Rendering hundreds of thousands of photographs takes hours; the tables before them are made once. What is kept is in a
hidden folder next to the wave's registrations and is deleted when the simulation is complete.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import fields
from pathlib import Path

import pyarrow as pa

from pipeline import __version__
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.simulated import Simulated
from pipeline.simulate.truth.truth_table import TRUTH
from pipeline.simulate.wanted_photographs import Photographs
from pipeline.storage.files import fresh, read_json, read_table, write_json, write_table
from pipeline.storage.paths import Store

_PHOTOGRAPHS = pa.schema(
    [
        ("wanted", pa.bool_()),
        ("turn", pa.int64()),
        ("fault", pa.int64()),
        ("person", pa.int64()),
        ("odd_year", pa.bool_()),
        ("face", pa.int64()),
        ("copy_of", pa.int64()),
        ("card", pa.int64()),
        ("card_number", pa.int64()),
    ]
)


def _folder(plan: SimulationPlan, store: Store) -> Path:
    return store.landing(plan.wave, ".unfinished")


def _asked(plan: SimulationPlan, faces: Path | None) -> str:
    """What was asked for: another wish is another simulation."""
    return hashlib.sha256(f"{__version__}/{plan}/{faces}".encode()).hexdigest()


def keep(plan: SimulationPlan, store: Store, faces: Path | None, done: Simulated) -> None:
    """Keeps what the photographs and the record are made from; the file that says so comes last."""
    folder = fresh(_folder(plan, store))
    write_table(done.truth, folder / "truth.parquet", TRUTH)
    arrays = {field.name: getattr(done.photographs, field.name) for field in fields(Photographs)}
    write_table(pa.table(arrays), folder / "photographs.parquet", _PHOTOGRAPHS)
    counts = {k: v for k, v in vars(done).items() if k not in ("photographs", "truth", "past")}
    write_json({"asked": _asked(plan, faces), "counts": counts}, folder / "kept.json")


def kept(plan: SimulationPlan, store: Store, faces: Path | None) -> Simulated | None:
    """What an interrupted simulation of the same wishes kept, else None."""
    folder = _folder(plan, store)
    if not (folder / "kept.json").is_file():
        return None
    found = read_json(folder / "kept.json")
    if found["asked"] != _asked(plan, faces):
        return None
    arrays = read_table(folder / "photographs.parquet")
    photographs = Photographs(**{name: arrays[name].to_numpy() for name in _PHOTOGRAPHS.names})
    return Simulated(**found["counts"], photographs=photographs, truth=read_table(folder / "truth.parquet"))


def forget(plan: SimulationPlan, store: Store) -> None:
    """The simulation is complete, or begins from the start."""
    shutil.rmtree(_folder(plan, store), ignore_errors=True)
