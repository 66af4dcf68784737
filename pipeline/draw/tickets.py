"""Tickets: what represents a person on the list of a wave with a beacon without naming the person.

A ticket is HMAC-SHA-256 of the person's NIK under the wave's key. Nobody can try ids until one draws well, two waves'
lists cannot be linked, and a person has one ticket however often they apply. Reads ``candidates.parquet``, writes
``tickets.parquet``.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.contracts import TICKETS
from pipeline.storage import duckdb_sql
from pipeline.storage.sealed_paths import table_source

_BLOCK = 64


def ticket_of(key: bytes, person: str) -> str:
    """One ticket; ``person`` is the NIK, or ``<NIK>|<name>|<birth date>`` where several people hold it."""
    return hmac.new(key, person.encode(), sha256).hexdigest()


def issue(db: duckdb.DuckDBPyConnection, key: bytes, candidates: Path, out: Path) -> int:
    """Writes the tickets of all candidates, in the tickets' order; returns how many."""
    padded = key.ljust(_BLOCK, b"\0")
    pads = {"inner": bytes(byte ^ 0x36 for byte in padded), "outer": bytes(byte ^ 0x5C for byte in padded)}
    query = duckdb_sql.sql("pipeline.draw", "sql/tickets", {"{candidates}": f"'{duckdb_sql.quoted(candidates)}'"})
    return duckdb_sql.copy(db, query, out, duckdb_sql.PASSING, pads)


def digest(path: Path) -> str:
    """SHA-256 over the values of ``tickets.parquet`` in their order, whatever the file's form.

    Per column the lengths (-1: null) and the bytes of texts, or the numbers, each hashed on its own and then together.
    """
    hashers = {(name, part): sha256() for name in TICKETS.names for part in ("lengths", "values")}
    with table_source(path) as source, pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=TICKETS.names):
            for field in TICKETS:
                column = batch[field.name].cast(field.type)
                if pa.types.is_string(field.type):
                    lengths = pc.fill_null(pc.binary_length(column), -1).cast(pa.int32())
                    hashers[field.name, "lengths"].update(
                        lengths.to_numpy(zero_copy_only=False).astype("<i4").tobytes()
                    )
                    hashers[field.name, "values"].update(_bytes(column))
                else:
                    numbers = pc.fill_null(column, -1).to_numpy(zero_copy_only=False)
                    hashers[field.name, "values"].update(numbers.astype("<i8").tobytes())
    return sha256(b"".join(hashers[key].digest() for key in sorted(hashers))).hexdigest()


def _bytes(texts: pa.Array) -> memoryview | bytes:
    """The bytes of all texts one after another; a null has none."""
    plain = pc.fill_null(texts, "")
    _, offsets, values = plain.buffers()
    bounds = np.frombuffer(offsets, np.int32)[plain.offset : plain.offset + len(plain) + 1]
    return memoryview(values)[bounds[0] : bounds[-1]] if values is not None and len(plain) else b""
