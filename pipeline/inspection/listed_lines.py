"""The published lists as the audit reads them: their lines as one column, their order, their Merkle root.

Shares no code with the pipeline's draw. A column is two buffers, where a text for each of six million lines would be a
gigabyte. Touches no file.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BREAK = ord("\n")
_PIECE = 1 << 24  # bytes looked through at a time
_ROWS = 1 << 16  # lines that are texts at a time
_HASH = 32  # bytes of a SHA-256


def lines(text: bytes) -> pa.LargeBinaryArray:
    """The lines of a list. Text after the last line break is no line."""
    data = np.frombuffer(text, np.uint8)
    pieces = [np.flatnonzero(data[at : at + _PIECE] == _BREAK) + at for at in range(0, len(data), _PIECE)]
    ends = np.concatenate([np.empty(0, np.int64), *pieces]).astype(np.int64)
    offsets = np.append(0, ends - np.arange(len(ends))).astype(np.int64)  # the breaks before a line are taken out
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text.replace(b"\n", b""))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)


def once(entries: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """A list as it should be: sorted, and everybody once. The same object if it is so."""
    if len(entries) < 2 or pc.all(pc.less(entries[:-1], entries[1:])).as_py():
        return entries
    return pa.array(sorted(set(entries.to_pylist())), pa.large_binary())


def merkle_root(entries: pa.LargeBinaryArray) -> str:
    """The root of RFC 6962 over the list, level by level. A level is its hashes one after another."""
    leaves = bytearray()
    for at in range(0, len(entries), _ROWS):
        leaves += b"".join([sha256(b"\x00" + entry).digest() for entry in entries[at : at + _ROWS].to_pylist()])
    level = bytes(leaves)
    while len(level) > _HASH:
        paired = len(level) // (2 * _HASH) * 2 * _HASH
        pairs = range(0, paired, 2 * _HASH)
        above = b"".join([sha256(b"\x01" + level[at : at + 2 * _HASH]).digest() for at in pairs])
        level = above + level[paired:]
    return level.hex() if level else sha256(b"").hexdigest()
