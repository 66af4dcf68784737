"""The page of the files that go in and out: a text written by hand, with generated tables of columns."""

from __future__ import annotations

import re

from pipeline.domain import contracts
from tools.reference.markdown import table

#: A table of docs/reference/files.md, between its marks. The text around the marks is written by hand.
MARKED = re.compile(r"<!-- columns of (\w+) ([^ ]+) -->\n.*?<!-- end -->\n", re.DOTALL)


def _meaning(column: contracts.Column) -> str:
    allowed = f" One of {', '.join(f'`{value}`' for value in column.allowed)}." if column.allowed else ""
    return column.says + allowed


def _columns(direction: str, contract: contracts.Table) -> str:
    """A table's columns; of a delivery also which a file must have."""
    rows = [[f"`{c.name}`", str(c.type), _meaning(c)] for c in contract.columns]
    head = ["column", "type", "meaning"]
    if direction == "IN":
        must = [" and in every row" if column.filled else "" for column in contract.columns]
        rows = [[*r, f"yes{m}" if c.required else "–"] for r, c, m in zip(rows, contract.columns, must, strict=True)]
        head.append("required")
    return f"{contract.says}\n\n{table(head, rows)}"


def files_page(page: str) -> str:
    """The page with the columns of every table between their marks. Raises KeyError for a lost mark.

    ``page``: as it was written before.
    """
    tables = {
        (direction, name): contract
        for direction in ("IN", "OUT", "WORK")
        for name, contract in getattr(contracts, direction).items()
    }
    marked = [match.groups() for match in MARKED.finditer(page)]
    if sorted(marked) != sorted(tables):
        raise KeyError(f"files.md does not have each table once: {sorted(set(marked) ^ set(tables))}")

    def current(match: re.Match[str]) -> str:
        direction, name = match.groups()
        columns = _columns(direction, tables[direction, name])
        return f"<!-- columns of {direction} {name} -->\n{columns}<!-- end -->\n"

    return MARKED.sub(current, page)
