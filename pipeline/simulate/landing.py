"""Writes a wave's registrations as several senders would: Parquet, CSV with a BOM, compressed CSV, and some broken
lines."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain.contracts import REGISTRATIONS
from pipeline.simulate import faults, noise, table_writers
from pipeline.simulate.applicants import Batch

_PER_FILE = 2_000_000
#: Of a hundred applications in a row: the first come as Parquet, the next as CSV, the last as compressed CSV.
_PARQUET, _CSV = 50, 75
#: The number of rows of a CSV file after which one broken line of each kind follows.
_RUBBISH_EVERY = 1_500
_NOT_A_DATE = ("00-00-0000", "31/02/1995", "tidak tahu", "19990231")
_NOT_A_TIME = ("25:61", "kemarin", "2021-13-45 10:00:00")


class Landing:
    """The open files of a wave's registrations."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._folder = folder
        self.hostile: Counter[str] = Counter()
        self._since: Counter[str] = Counter()

    def __enter__(self) -> Landing:
        enter, names = self._stack.enter_context, REGISTRATIONS.names
        self._parts = enter(table_writers.Parts(self._folder, "portal", REGISTRATIONS, _PER_FILE))
        self._csv = {
            "call-centre.csv": enter(table_writers.lines(self._folder / "call-centre.csv", names, bom=True)),
            "partners.csv.gz": enter(table_writers.lines(self._folder / "partners.csv.gz", names)),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, seed: int, table: pa.Table, batch: Batch) -> None:
        """Adds a batch of applications, each to its file, and broken lines between them."""
        place = (batch.first_number + np.arange(table.num_rows)) % 100
        portal = table.filter(pa.array(place < _PARQUET))
        if self._parts.rows == 0 and portal.num_rows:
            portal = pa.concat_tables([portal, _without_id(portal)])
            self.hostile["no registration_id"] += 1
        self._parts.write(portal)
        broken = _broken(seed, table, batch)
        for name, low, high in (("call-centre.csv", _PARQUET, _CSV), ("partners.csv.gz", _CSV, 100)):
            rows = broken.filter(pa.array((place >= low) & (place < high)))
            self._csv[name].write(rows)
            self._since[name] += rows.num_rows
            while rows.num_rows and (self._since[name] >= _RUBBISH_EVERY or not self.hostile[f"in {name}"]):
                self._since[name] = max(0, self._since[name] - _RUBBISH_EVERY)
                self._rubbish(name)

    def _rubbish(self, name: str) -> None:
        columns = len(REGISTRATIONS)
        for problem, line in (
            ("no registration_id", b"," * (columns - 1)),
            ("wrong number of fields", b"1,2,3"),
            ("wrong number of fields", b"catatan: lihat lampiran" + b"," * (columns + 2)),
            ("not UTF-8", b"\xff\xfe\x00rusak" + b"," * (columns - 1)),
        ):
            self._csv[name].raw(line)
            self.hostile[problem] += 1
            self.hostile[f"in {name}"] += 1


def _without_id(table: pa.Table) -> pa.Table:
    row = table.slice(0, 1)
    return row.set_column(0, "registration_id", pa.array([None], pa.string()))


def unreadable(seed: int, batch: Batch, column: str) -> NDArray[np.bool_]:
    """Which applications arrive with a ``birth_date`` or ``submitted_at`` that cannot be read: wrong ones, in CSV."""
    if column == "birth_date":
        mask = batch.mask[batch.rows]
        wrong = (mask & faults.BIT["identity_mismatch"] > 0) & (mask & faults.NEAR_MISS == 0)
        wrong &= ~faults.agrees(seed, batch.people.index, batch.mask)[batch.rows]  # so that no duplicate is spoilt
    else:
        wrong = batch.row_mask & faults.BIT["outside_wave"] > 0
    number = batch.first_number + np.arange(len(batch.rows))
    return wrong & (number % 100 >= _PARQUET) & (noise.pick(seed, f"broken {column}", number, 6) == 0)


def _broken(seed: int, table: pa.Table, batch: Batch) -> pa.Table:
    """The table as text fit for CSV, where some dates that are wrong anyway cannot even be read."""
    for column, texts in (("birth_date", _NOT_A_DATE), ("submitted_at", _NOT_A_TIME)):
        at = table.schema.get_field_index(column)
        kind = pa.timestamp("s") if column == "submitted_at" else table.schema.field(at).type
        text = np.array(table.column(at).cast(kind).cast(pa.string()), dtype=object)
        which = np.flatnonzero(unreadable(seed, batch, column))
        text[which] = np.array(texts, dtype=object)[(batch.first_number + which) % len(texts)]
        table = table.set_column(at, column, pa.array(text, pa.string()))
    return table
