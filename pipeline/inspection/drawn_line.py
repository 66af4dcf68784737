"""The order of the draw over a published list, and who gets a place. Computed from the contract's text ("The draw").

Shares no code with the pipeline's draw, so that it can find a mistake there. A person is a number: their line on the
list, from 0. All steps work on whole columns, so that six million people take seconds. Touches no file.
"""

from __future__ import annotations

from binascii import hexlify
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_HEX = 64  # characters of a SHA-256
_ROWS = 1 << 16  # entries that are made into texts at a time

#: The number of an entry that is not on the list. Arrays by person have one row more, all zero, which -1 reads.
NOBODY = -1


@dataclass
class Line:
    """The list with its draw. ``entries``: the list's lines; ``listed``: whether each is on the priority list too."""

    entries: pa.LargeStringArray
    listed: Flags
    seed: str
    #: The draw of each person, 32 bytes a row.
    draws: npt.NDArray[np.uint8] = field(init=False)
    #: The people in the order of the draw: the priority list first.
    order: Numbers = field(init=False)
    #: The position of each person in that order, from 1.
    positions: Numbers = field(init=False)

    def __post_init__(self) -> None:
        of_seed = sha256(f"{self.seed}:".encode())
        drawn = bytearray()
        for at in range(0, len(self), _ROWS):
            for entry in self.entries[at : at + _ROWS].cast(pa.large_binary()).to_pylist():
                whole = of_seed.copy()
                whole.update(entry)
                drawn += whole.digest()
        self.draws = np.frombuffer(drawn + bytes(32), np.uint8).reshape(-1, 32)
        order = _in_order(self.draws[:-1])
        self.order = np.concatenate([order[self.listed[order]], order[~self.listed[order]]])
        self.positions = numbered(self.order, len(self))

    def __len__(self) -> int:
        return len(self.entries)

    def name(self, person: int) -> str:
        """The entry of a person."""
        return str(self.entries[int(person)].as_py())

    def hex_draws(self, people: Numbers) -> pa.LargeStringArray:
        """The draws of people, as the tables have them."""
        text = hexlify(self.draws[people].tobytes())
        offsets = np.arange(len(people) + 1, dtype=np.int64) * _HEX
        return pa.LargeStringArray.from_buffers(len(people), pa.py_buffer(offsets), pa.py_buffer(text))

    def find(self, entries: pa.ChunkedArray | pa.Array) -> Numbers:
        """The person of each entry, or NOBODY."""
        found = pc.index_in(entries.cast(pa.large_string()), value_set=self.entries, skip_nulls=True)
        return np.asarray(pc.fill_null(found, NOBODY).to_numpy(), dtype=np.int64)


def _in_order(draws: npt.NDArray[np.uint8]) -> Numbers:
    """The rows of the draws, the smallest draw first. Equal draws stay in the order of the list.

    The first eight bytes are compared first: all 32 are needed only where two draws begin alike. Bytes are read as
    numbers with the most significant byte first.
    """
    first = np.ascontiguousarray(draws[:, :8]).view(">u8").ravel().astype(np.uint64)
    order = np.argsort(first)
    if np.any(first[order[1:]] == first[order[:-1]]):
        words = draws.view(">u8").astype(np.uint64)
        order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
    return order.astype(np.int64)


def numbered(people: Numbers, size: int) -> Numbers:
    """The place of each of ``size`` people in ``people``, from 1; 0 for those who are not in it, and for NOBODY."""
    numbers = np.zeros(size + 1, np.int64)
    numbers[people] = np.arange(1, len(people) + 1)
    return numbers


def seats(record: dict[str, Any], line: Line, full: Flags, fell_out: Flags, areas: dict[str, Flags]) -> Numbers:
    """The people with a place, in the order of their rank.

    ``full``: people whose family card has its places already. ``fell_out``: people whom the selfie check refused or
    sent to a reviewer. ``areas``: the people of each area, in a wave with quotas by area.
    """
    order = line.order[~full[line.order]]
    if record["selfie"] == "after_draw" and not record["refill"]:
        first = _of_areas(record, order, line.listed, areas)
        return first[~fell_out[first]]
    return _of_areas(record, order[~fell_out[order]], line.listed, areas)


def _of_areas(record: dict[str, Any], order: Numbers, listed: Flags, areas: dict[str, Flags]) -> Numbers:
    """The people with a place. The first people of each area take its share of the quota. The places that are left go
    to the first of all other people, of any area."""
    taken = np.zeros(len(listed), bool)
    for area, share in record.get("areas", []):
        here = order[areas[area][order]] if area in areas else order[:0]
        taken[_first(record, int(Decimal(record["quota"]) * Decimal(str(share))), here, listed)] = True
    taken[_first(record, record["quota"] - int(taken.sum()), order[~taken[order]], listed)] = True
    return order[taken[order]]


def _first(record: dict[str, Any], quota: int, order: Numbers, listed: Flags) -> Numbers:
    """The people with a place. The priority tier takes its share of the quota. Places that one tier leaves empty go to
    the other."""
    priority, public = order[listed[order]], order[~listed[order]]
    kept = int(Decimal(quota) * Decimal(str(record["priority_share"])))
    of_public = quota - min(kept, len(priority))
    of_priority = quota - min(of_public, len(public))
    return np.concatenate([priority[:of_priority], public[:of_public]])
