"""A sheet of a workbook (.xlsx, .xls, .xlsb, .ods) as text, in which a number that the spreadsheet changed can be
recognised.

A spreadsheet keeps fifteen digits of a number. A NIK that was typed as a number has lost its last digit. It is read
as the spreadsheet shows it (3.17101010190000E+15), so that it is set aside and never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from pipeline.domain.errors import BadMappingError, UnreadableFileError
from pipeline.ingest.header import column_name

_BATCH = 50_000
_ABOVE_HEADER = 50
#: Above this a double cannot hold every whole number.
_EXACT = 2**53
_FIFTEEN_DIGITS = 10**15


@dataclass
class Sheet:
    """One sheet, from its header on."""

    says: str
    sheet: Any
    row: int
    names: list[str]
    aside: Counter[str] = field(default_factory=Counter)

    def header(self) -> list[str]:
        """The names in its header; cells without a name are left out."""
        return [name for name in self.names if name]

    def tables(self, names: list[str]) -> Iterator[pa.Table]:
        """Its rows; blank rows are left out."""
        places = [self.names.index(name) for name in names]
        rows = islice(self.sheet.iter_rows(), self.row + 1, None)
        while batch := list(islice(rows, _BATCH)):
            texts = [[_text(row[place]) for place in places] for row in batch if any(cell != "" for cell in row)]
            columns = list(zip(*texts, strict=True)) if texts else [()] * len(names)
            yield pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def open_workbook(path: Path, table: str, sought: list[str]) -> Sheet:
    """The sheet of a name, or the only sheet with content. Raises UnreadableFileError, BadMappingError."""
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        named = [table] if table else [n for n in book.sheet_names if book.get_sheet_by_name(n).height]
        if len(named) != 1 or named[0] not in book.sheet_names:
            raise BadMappingError(
                f"{path} has the sheets {', '.join(book.sheet_names)}.",
                "Give --table with the name of the one to read.",
            )
        sheet = book.get_sheet_by_name(named[0])
        head = [[str(cell).strip() for cell in row] for row in islice(sheet.iter_rows(), _ABOVE_HEADER)]
    except (calamine.CalamineError, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as a workbook: {e}.") from e
    wanted = {column_name(name) for name in sought}
    matches = [len(wanted & {column_name(cell) for cell in row if cell}) for row in head]
    filled = [any(row) for row in head]
    if not any(filled):
        raise UnreadableFileError(f"{path} has an empty sheet {named[0]}.")
    row = matches.index(max(matches)) if max(matches) else filled.index(True)
    return Sheet(f"{path.name} [{named[0]}]", sheet, row, head[row])


def _text(cell: Any) -> str:
    """A cell as text; a number of sixteen digits only where no spreadsheet can have changed it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int):
        lost = abs(cell) >= _FIFTEEN_DIGITS and (abs(cell) >= _EXACT or cell % 10 == 0)
        return f"{cell:.14E}" if lost else str(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
