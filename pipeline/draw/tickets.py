"""Tickets: what represents a person on the list of a wave with a beacon without naming the person.

A ticket is HMAC-SHA-256 of the person's NIK under the wave's key. Nobody can try ids until one draws well, two waves'
lists cannot be linked, and a person has one ticket however often they apply. Reads ``candidates.parquet``, writes
``tickets.parquet``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.contracts import TICKETS
from pipeline.draw import line_order
from pipeline.storage import duckdb_sql, files

_BLOCK = 64


def ticket_of(key: bytes, person: str) -> str:
    """One ticket; ``person`` is the NIK, or ``<NIK>|<name>|<birth date>`` where several people hold it."""
    return hmac.new(key, person.encode(), sha256).hexdigest()


def issued(db: duckdb.DuckDBPyConnection, key: bytes, candidates: Path) -> Iterator[pa.RecordBatch]:
    """The tickets of all candidates in the tickets' order, a piece at a time."""
    padded = key.ljust(_BLOCK, b"\0")
    pads = {"inner": bytes(byte ^ 0x36 for byte in padded), "outer": bytes(byte ^ 0x5C for byte in padded)}
    query = duckdb_sql.sql("pipeline.draw", "sql/tickets", {"{candidates}": f"'{duckdb_sql.quoted(candidates)}'"})
    with duckdb_sql.errors_named(query):
        table = db.sql(query, params=pads).to_arrow_reader(line_order.ROWS).read_all().combine_chunks()
    hashes = [line_order.hashes_of(chunk) for chunk in table["ticket"].chunks]
    return line_order.pieces(table.select(TICKETS.names), line_order.in_order(hashes))


class Digest:
    """SHA-256 over the values of tickets in their order, whatever the form of their file.

    Per column the lengths (-1: null) and the bytes of texts, or the numbers, each hashed on its own and then together.
    """

    def __init__(self) -> None:
        self._hashers = {(name, part): sha256() for name in TICKETS.names for part in ("lengths", "values")}

    def add(self, batch: pa.RecordBatch) -> None:
        """The next tickets."""
        for field in TICKETS:
            column = batch[field.name].cast(field.type)
            lengths, values = (self._hashers[field.name, part] for part in ("lengths", "values"))
            if pa.types.is_string(field.type):
                lengths.update(_numbers(pc.binary_length(column), "<i4"))
                values.update(line_order.bytes_of(pc.fill_null(column, "") if column.null_count else column))
            else:
                values.update(_numbers(column, "<i8"))

    def hexdigest(self) -> str:
        """The digest of what was added."""
        return sha256(b"".join(self._hashers[key].digest() for key in sorted(self._hashers))).hexdigest()


def _numbers(column: pa.Array, form: str) -> memoryview:
    """Numbers as they are hashed; -1 where one is missing."""
    known = pc.fill_null(column, -1) if column.null_count else column
    return np.ascontiguousarray(known.to_numpy(zero_copy_only=False), form).data


def digest(path: Path) -> str:
    """The digest of ``tickets.parquet``."""
    found = Digest()
    for batch in batches(path, TICKETS.names):
        found.add(batch)
    return found.hexdigest()


def batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The rows of ``tickets.parquet``, a row group at a time."""
    with files.parquet_in_pieces(path) as file:
        yield from file.iter_batches(line_order.ROWS, columns=columns)
