"""A wave's tables as the audit reads them: in pieces, with the person of each row.

Shares no code with the pipeline's draw. Reads ``decisions.parquet``, ``cohort.parquet`` and ``reserve.parquet`` of a
finished wave; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.errors import UnreadableFileError
from pipeline.inspection.drawn_line import NOBODY, Flags, Line, Numbers
from pipeline.storage.files import parquet_in_pieces

#: The column whose values are on the list, by the form of the draw: the second form (a beacon's) has tickets.
ENTRIES = {1: "registration_id", 2: "ticket"}
_COLUMNS = {
    "decisions": ("registration_id", "outcome", "reasons", "tier", "draw", "position"),
    "cohort": ("registration_id", "rank", "draw"),
    "reserve": ("registration_id", "position", "draw"),
}


class Piece(NamedTuple):
    """Some rows of a table."""

    people: Numbers  # the person of each row
    repeated: Flags  # whether the person has an earlier row
    table: pa.RecordBatch  # the columns that the draw decides, and ``entry``, the value that is on the list


def rows(path: Path, form: int, line: Line, number: str, expected: Numbers) -> Iterator[Piece]:
    """A table in pieces. ``number``: its column of places; ``expected``: the place of each person (0: none).

    Raises UnreadableFileError.
    """
    entry, name = ENTRIES[form], path.stem
    try:
        with parquet_in_pieces(path) as file:
            if entry not in file.schema_arrow.names:
                raise UnreadableFileError(f"{path} has no column {entry}: it is not the file that the run wrote.")
            people = _people(file, entry, number, line, expected)
            repeated = (people != NOBODY) & ~_first_times(people)
            done = 0
            for batch in file.iter_batches(columns=list({*_COLUMNS[name], entry})):
                piece = slice(done, done + len(batch))
                yield Piece(people[piece], repeated[piece], batch.append_column("entry", batch[entry]))
                done = piece.stop
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def numbers_of(column: pa.Array) -> Numbers:
    """A column of places; 0 for none."""
    return np.asarray(pc.fill_null(column, 0).to_numpy(zero_copy_only=False), dtype=np.int64)


def differs(column: pa.Array, given: pa.Array) -> Flags:
    """Where a column differs from what the draw gives; a null always does."""
    same: Flags = pc.fill_null(pc.equal(column, given), fill_value=False).to_numpy(zero_copy_only=False)
    return ~same


def with_reason(reasons: pa.ListArray, code: str) -> Flags:
    """The rows that have a code among their reasons."""
    given = pc.equal(pc.list_flatten(reasons), code).to_numpy(zero_copy_only=False)
    found = np.zeros(len(reasons), bool)
    found[pc.list_parent_indices(reasons).to_numpy()[given]] = True
    return found


def _people(file: pq.ParquetFile, entry: str, number: str, line: Line, expected: Numbers) -> Numbers:
    """The person of each row, or NOBODY.

    Most rows are right: the person is the one who should have the row's place. Only the others are searched for.
    """
    at_place = np.full(expected.max(initial=0) + 1, NOBODY)
    placed = np.flatnonzero(expected[:-1])
    at_place[expected[placed]] = placed
    found, others = [np.empty(0, np.int64)], [pa.array([], pa.large_string())]
    for batch in file.iter_batches(columns=[entry, number]):
        places, entries = numbers_of(batch[number]), batch[entry].cast(pa.large_string())
        people = at_place[np.where((places > 0) & (places < len(at_place)), places, 0)]
        supposed = line.entries.take(pa.array(people, mask=people == NOBODY))
        wrong = differs(entries, supposed)
        people[wrong] = NOBODY
        found.append(people)
        others.append(entries.filter(pa.array(wrong)))
    everybody = np.concatenate(found)
    left = pa.chunked_array(others)
    if left.null_count < len(left):
        everybody[everybody == NOBODY] = line.find(left)
    return everybody


def _first_times(people: Numbers) -> Flags:
    """The rows that are the first of their person."""
    known = people[people != NOBODY]
    if not len(known) or np.bincount(known).max() == 1:
        return np.ones(len(people), bool)
    first = np.zeros(len(people), bool)
    first[np.unique(people, return_index=True)[1]] = True
    return first
