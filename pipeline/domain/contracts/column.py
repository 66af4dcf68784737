"""What a column and a table are: the form of the contract. The tables themselves are in the other modules of this
folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

TEXT = pa.string()
TEXT_LIST = pa.list_(TEXT)
TIMESTAMP = pa.timestamp("us")
DAY = pa.date32()
FLAG = pa.bool_()
SCORE = pa.float64()


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``says`` is its meaning in one sentence. ``allowed`` are the only values that it may have, None: any. ``required``
    says that a delivered file without the column is refused. ``filled`` says that a value in every row is expected: the
    checks count the rows without one.
    """

    name: str
    type: pa.DataType
    says: str
    allowed: tuple[str, ...] | None = None
    required: bool = True
    filled: bool = False

    def optional(self) -> Column:
        """The same column, in a table whose files may lack it."""
        return replace(self, required=False)


@dataclass(frozen=True)
class Table:
    """One table: what a row is, and its columns in order. ``optional``: a wave can do without the whole table."""

    name: str
    says: str
    columns: tuple[Column, ...]
    optional: bool = False

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns for Arrow."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    @property
    def required(self) -> list[str]:
        """The columns that a delivered file must have."""
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)


def by_name(tables: Iterable[Table]) -> dict[str, Table]:
    """Tables under their names, in order."""
    return {table.name: table for table in tables}
