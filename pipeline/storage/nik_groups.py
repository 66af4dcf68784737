"""The row groups of a register with the lowest and the highest NIK of each; footers are read, and no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.sealed_paths import table_source


@dataclass(frozen=True)
class Group:
    """A row group: its file, its number there, its rows, and the lowest and the highest NIK in it."""

    path: Path
    number: int
    rows: int
    first: int
    last: int


def row_groups(paths: Sequence[Path], columns: Sequence[str] = ("nik",)) -> list[Group] | None:
    """Every row group of the files; None where statistics do not tell of one, NIKs are no 64-bit integers, the files
    differ in their columns, or one of ``columns`` is not there."""
    footers = {path: footer for path in paths if (footer := _footer(path)) is not None}
    schemas = [footer.schema.to_arrow_schema() for footer in footers.values()]
    if not schemas or len(schemas) < len(paths) or any(schema != schemas[0] for schema in schemas):
        return None
    if not {"nik", *columns} <= set(schemas[0].names) or not pa.types.is_int64(schemas[0].field("nik").type):
        return None
    found = []
    for path, footer in footers.items():
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            seen = group.column(footer.schema.names.index("nik")).statistics
            if seen is None or not seen.has_min_max:
                return None
            found.append(Group(path, number, group.num_rows, seen.min, seen.max))
    return found


def _footer(path: Path) -> pq.FileMetaData | None:
    """None of a file that cannot be read: whoever reads it names it."""
    try:
        with table_source(path) as source:
            return pq.read_metadata(source)
    except (pa.ArrowInvalid, OSError):
        return None
