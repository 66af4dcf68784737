"""Tickets: what stands for a person on the list of a wave with a beacon, and tells nobody who it is.

A ticket is HMAC-SHA-256 of the person's NIK under the wave's key. Nobody can try ids until one draws well, two waves'
lists cannot be linked, and a person has one ticket however often they apply. Reads ``candidates.parquet``, writes
``tickets.parquet``.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

import duckdb

from pipeline.storage import duckdb_sql

KEY_BYTES = 32
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
