"""Whether the quotes of a block of text enclose whole fields: then every line is a record. Touches no file."""

from __future__ import annotations

import numpy as np

_QUOTE, _LINE_END = b'"\n'


def only_whole_quotes(block: bytes, separator: bytes) -> bool:
    """Whether each quote opens or closes a field, or is one of two that mean one, as RFC 4180 has it, within one line.

    Every second quote of a row closes. Two that mean one close and open directly after each other.
    """
    text = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero((text == _QUOTE) | (text == _LINE_END))
    quotes = np.flatnonzero(text[marks] == _QUOTE)
    if quotes.size % 2 or (quotes[1::2] - quotes[::2] != 1).any():
        return False  # a quote alone, or a line end between two
    opening, closing = marks[quotes[::2]], marks[quotes[1::2]]
    before = text[opening[opening > 0] - 1]
    after = text[closing[closing < text.size - 1] + 1]
    return bool(_among(separator + b'\n"')[before].all() and _among(separator + b'\r\n"')[after].all())


def _among(allowed: bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For every byte whether it is one of these."""
    table = np.zeros(256, dtype=np.bool_)
    table[list(allowed)] = True
    return table
