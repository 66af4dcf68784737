"""Removes the rows of one person from a wave's finished tables; the record says so, with the new hash.

Only tables on which no decision and no draw depends. Each file is replaced whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pipeline.domain.calendar import Wave
from pipeline.record import log
from pipeline.storage import files, spreadsheet_safety
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import open_to_read, table_sink

_ID = "registration_id"


def rows_of(path: Path, ids: Collection[str]) -> int:
    """How many rows of these applications a table has."""
    return int(pc.sum(_is_one_of(_read(path), path, ids)).as_py() or 0) if path.is_file() else 0


def take_out(store: Store, wave: Wave, paths: Iterable[Path], ids: Collection[str], facts: dict[str, Any]) -> None:
    """Writes the tables again, without these rows."""
    for path in paths:
        table = _read(path)
        gone = _is_one_of(table, path, ids)
        n = int(pc.sum(gone).as_py() or 0)
        if not n:
            continue
        with files.atomic(path) as part:
            _write(table.filter(pc.invert(gone)), part, path)
            hashed = {store.key(path): files.sha256(part)}
            log.note(store, "erased", wave.number, {**facts, "n": n, "files": hashed})
        store.settle(store.key(path))


def _is_one_of(table: pa.Table, path: Path, ids: Collection[str]) -> pa.ChunkedArray:
    wanted = sorted(ids) if path.suffix == ".parquet" else [spreadsheet_safety.plain(id_) for id_ in sorted(ids)]
    return pc.is_in(table[_ID], pa.array(wanted, pa.string()))


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return files.read_table(path)
    with open_to_read(path) as file:
        names = pa_csv.open_csv(file, parse_options=pa_csv.ParseOptions(newlines_in_values=True)).schema.names
    as_text = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=False,
        null_values=[""],
    )  # fmt: skip
    with open_to_read(path) as file:
        return pa_csv.read_csv(
            file, parse_options=pa_csv.ParseOptions(newlines_in_values=True), convert_options=as_text
        )


def _write(table: pa.Table, part: Path, path: Path) -> None:
    if path.suffix == ".parquet":
        files.write_rows(table, part)
        return
    with table_sink(part) as sink, pa_csv.CSVWriter(sink, table.schema) as lines:
        lines.write_table(table)
