"""Reads a whole batch of texts at once, as far as they are simple. Works on arrays in memory.

Each function says which texts it understood. ``readings.py`` defines what a text means; these functions must agree with
it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_NIK = 16
#: A text that begins and ends with these has nothing around it (``bare`` in storage/sql/blanks.sql).
_FIRST = np.isin(np.arange(256), [letter for letter in range(40, 127) if chr(letter) not in "=`"])
_LAST = np.isin(np.arange(256), np.arange(33, 127))
#: The first characters of a word for nothing (``said`` there): -, NULL, \\N. The longest has four letters.
_MAY_SAY_NOTHING = np.isin(np.arange(256), list(b"-Nn\\"))
_LONGEST_NOTHING = 4


def plain_texts(texts: pa.StringArray) -> tuple[pa.StringArray, Mask]:
    """Texts that are taken literally."""
    starts, lengths, letters = _parts(texts)
    filled = np.flatnonzero(lengths)
    begin = starts[filled]
    long = lengths[filled]
    first, last = letters[begin], letters[begin + long - 1]
    understood = np.zeros(len(texts), dtype=np.bool_)
    understood[filled] = _FIRST[first] & _LAST[last] & ((long > _LONGEST_NOTHING) | ~_MAY_SAY_NOTHING[first])
    return texts, understood


def sixteen_digits(texts: pa.StringArray) -> tuple[pa.Int64Array, Mask]:
    """Sixteen digits as a number."""
    starts, lengths, letters = _parts(texts)
    understood = lengths == _NIK
    if not understood.all():
        places = np.flatnonzero(understood)
        letters = letters[starts[places][:, None] + np.arange(_NIK)].reshape(-1)
    else:
        letters = letters[starts[0] : starts[0] + _NIK * len(texts)] if len(texts) else letters[:0]
        places = np.arange(len(texts))
    digits = letters.reshape(-1, _NIK) - ord("0")
    good = (digits <= 9).all(axis=1)
    understood[places] = good
    numbers = np.zeros(len(texts), dtype=np.int64)
    numbers[places[good]] = _number(digits[good])
    return pa.array(numbers), understood


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of sixteen digits as numbers: two digits become one of hundred, two of these one of ten thousand, …"""
    hundreds = digits[:, ::2] * np.uint8(10) + digits[:, 1::2]
    myriads = hundreds[:, ::2] * np.uint16(100) + hundreds[:, 1::2]
    halves = myriads[:, ::2] * np.uint32(10_000) + myriads[:, 1::2]
    return halves[:, 0] * np.int64(10**8) + halves[:, 1]


def _parts(texts: pa.StringArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text begins, how long it is in bytes (none: 0), and the letters of all."""
    _, offsets, buffer = texts.buffers()
    letters = np.frombuffer(buffer, np.uint8) if buffer else np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    lengths = np.diff(ends)
    if texts.null_count:
        lengths[pc.is_null(texts).to_numpy(zero_copy_only=False)] = 0
    return ends[:-1], lengths, letters
