"""Rows of an extract in the contract's columns: schema, numbers, words from a list. Touches no file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain import contracts
from pipeline.ingest.extracts import REGENCY
from pipeline.simulate.noise import I64
from pipeline.simulate.presets import SimulationPlan


def schema(plan: SimulationPlan, name: str) -> pa.Schema:
    """The contract's schema; NIK and KK are 64-bit integers in narrow extracts and, to see both, in bansos."""
    whole = plan.narrow or name == "bansos"
    left_out = (REGENCY,) if plan.narrow else ()  # a register may do without: a country's is wide enough
    fields = [field for field in contracts.EXTRACTS[name].schema if field.name not in left_out]
    return pa.schema([pa.field(f.name, pa.int64() if whole and f.name in ("nik", "kk") else f.type) for f in fields])


def numbers(plan: SimulationPlan, name: str, values: I64) -> pa.Array:
    """NIK or KK as the extract has them: text or whole numbers."""
    whole = plan.narrow or name == "bansos"
    return pa.array(values) if whole else pa.array(values).cast(pa.string())


def coded(values: NDArray[np.integer], texts: tuple[str, ...] | pa.Array) -> pa.Array:
    """One of the texts a row, by its place among them."""
    return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), pa.array(texts, pa.string()))


def rows(plan: SimulationPlan, name: str, nik: I64, **columns: object) -> pa.Table:
    """Rows of an extract, sorted by NIK where it is narrow. A column is an array or one value for all."""
    arrays = [numbers(plan, name, nik)]
    for value in columns.values():
        arrays.append(value if isinstance(value, pa.Array) else pa.array([value] * len(nik)))
    table = pa.table(arrays, names=["nik", *columns])
    return table.take(np.argsort(nik, kind="stable")) if plan.narrow else table
