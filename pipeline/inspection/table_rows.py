"""A wave's tables as the audit reads them: piece by piece, each row with the person of the list whom it is about.

Shares no code with the pipeline's draw. Reads ``decisions.parquet``, ``cohort.parquet`` and ``reserve.parquet`` of a
finished wave; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.errors import UnreadableFileError
from pipeline.inspection.drawn_line import NOBODY, Flags, Line, Numbers
from pipeline.storage.sealed_paths import table_source

#: What stands on the list: applications, and in the second form (a wave with a beacon) tickets.
ENTRIES = {1: "registration_id", 2: "ticket"}
_COLUMNS = {
    "decisions": ("registration_id", "outcome", "reasons", "tier", "draw", "position"),
    "cohort": ("registration_id", "rank", "draw"),
    "reserve": ("registration_id", "position", "draw"),
}

#: Of each piece of a table: the person of each row, whether they had a row before, and the columns that the draw gives,
#: with what stands on the list as ``entry``.
Rows = Iterator[tuple[Numbers, Flags, pa.RecordBatch]]


def rows(path: Path, form: int, line: Line, number: str, expected: Numbers) -> Rows:
    """A table in pieces. ``number`` is its column of places, and ``expected`` the place of each person (0: none).

    Raises UnreadableFileError.
    """
    entry, name = ENTRIES[form], path.stem
    try:
        with table_source(path) as source, pq.ParquetFile(source) as file:
            if entry not in file.schema_arrow.names:
                raise UnreadableFileError(f"{path} has no column {entry}: it is not the file that the run wrote.")
            people = _people(file, entry, number, line, expected)
            again = (people != NOBODY) & ~_first_times(people)
            done = 0
            for batch in file.iter_batches(columns=list({*_COLUMNS[name], entry})):
                piece = slice(done, done + len(batch))
                yield people[piece], again[piece], batch.append_column("entry", batch[entry])
                done = piece.stop
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def numbers_of(column: pa.Array) -> Numbers:
    """A column of places; 0 for none."""
    return np.asarray(pc.fill_null(column, 0).to_numpy(zero_copy_only=False), dtype=np.int64)


def differs(column: pa.Array, given: pa.Array) -> Flags:
    """Where a column has not what the draw gives; a null never has."""
    same: Flags = pc.fill_null(pc.equal(column, given), fill_value=False).to_numpy(zero_copy_only=False)
    return ~same


def with_reason(reasons: pa.ListArray, code: str) -> Flags:
    """The rows among whose reasons a code is."""
    given = pc.equal(pc.list_flatten(reasons), code).to_numpy(zero_copy_only=False)
    found = np.zeros(len(reasons), bool)
    found[pc.list_parent_indices(reasons).to_numpy()[given]] = True
    return found


def _people(file: pq.ParquetFile, entry: str, number: str, line: Line, expected: Numbers) -> Numbers:
    """Which person each row is, or NOBODY.

    Most rows have the place that is theirs: a look at who should stand there tells. Only the others are searched for.
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
    """Where a person has their first row."""
    known = people[people != NOBODY]
    if not len(known) or np.bincount(known).max() == 1:
        return np.ones(len(people), bool)
    first = np.zeros(len(people), bool)
    first[np.unique(people, return_index=True)[1]] = True
    return first
