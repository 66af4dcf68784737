"""A table of millions put into the order of a hash: the rows' order first, by the hash alone, then each row once.

A sort of whole rows moves each of them several times. Knows neither tickets nor draws.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage import files
from pipeline.storage.sealed_paths import table_sink

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint8]
#: Rows that are put together at a time, which is a row group of the files.
ROWS = 122_880
_BYTES = 32  # of a SHA-256
#: For what only the next room reads. A ticket is as good as random: nothing is won by compressing it.
_PASSING: dict[str, Any] = {"use_dictionary": ["tier"], "write_statistics": False, "store_schema": False}


def bytes_of(texts: pa.Array) -> memoryview | bytes:
    """The bytes of a column without nulls, one text after another."""
    _, offsets, values = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(values)[bounds[0] : bounds[-1]] if values is not None and len(texts) else b""


def hashes_of(texts: pa.Array) -> Hashes:
    """Hashes that a column has in hex, 32 bytes a row."""
    return np.frombuffer(unhexlify(bytes_of(texts)), np.uint8).reshape(-1, _BYTES)


def in_order(hashes: Sequence[Hashes]) -> Numbers:
    """The rows of hashes, given in pieces, from the least hash on.

    Eight bytes tell nearly all of them apart. Where they do not, the next eight do: that no two hashes agree in sixteen
    is as certain as that no two agree at all.
    """
    first = _words(hashes, 0)
    order = np.argsort(first)
    ordered = first[order]
    if np.any(ordered[1:] == ordered[:-1]):
        order = np.lexsort((_words(hashes, 8), first))
    return order.astype(np.int64, copy=False)


def _words(hashes: Sequence[Hashes], at: int) -> npt.NDArray[np.uint64]:
    """Eight bytes of each hash as a number, the most significant byte first."""
    words = [np.ascontiguousarray(piece[:, at : at + 8]).view(">u8").ravel() for piece in hashes]
    return np.concatenate([np.empty(0, np.uint64), *words])


def pieces(table: pa.Table, order: Numbers) -> Iterator[pa.RecordBatch]:
    """The rows of a table in an order, a row group at a time. Columns of one piece are much the quickest."""
    for at in range(0, len(order), ROWS):
        yield from table.take(pa.array(order[at : at + ROWS])).to_batches()


@contextmanager
def table_at(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A table to be written in pieces for the next room, whole or not at all."""
    compression = {name: "none" if name == "ticket" else "lz4" for name in schema.names}
    with (
        files.atomic(path) as part,
        table_sink(part) as sink,
        pq.ParquetWriter(sink, schema, compression=compression, **_PASSING) as writer,
    ):
        yield writer
