"""The ranges of NIKs that a sorted register can be searched by, one after the other; footers are read, and no row.

DuckDB looks the wanted up in a table of all of them, which is larger than a processor's cache. In one range it needs
the wanted of that range only, and leaves the others out by itself: 270 million people take a fifth less CPU so. A
register that is not sorted is searched at once: each look would need all the wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.storage import duckdb_sql
from pipeline.storage.nik_groups import Group, row_groups
from pipeline.storage.plain_pages import may_be_misread

#: Rows of a range: fewer cost more looks than they save.
_ROWS = 10_000_000


@dataclass(frozen=True)
class Part:
    """Some files of a register, or their people with a NIK from ``first`` to ``last``."""

    paths: tuple[Path, ...]
    first: int | None = None
    last: int | None = None

    def relation(self) -> str:
        """The part as SQL."""
        rows = duckdb_sql.read(self.paths)
        return rows if self.first is None else f"(FROM {rows} WHERE nik BETWEEN {self.first} AND {self.last})"


def parts_by_nik(paths: Sequence[Path], rows: int = _ROWS) -> list[Part]:
    """A register in ranges of about so many ``rows``, as far as the NIKs (integers) of its row groups allow that.

    Otherwise in one. Every row with a NIK is in one part.
    """
    together = [Part(tuple(paths))]
    found = row_groups(paths)
    if found is None or any(map(may_be_misread, paths)):  # those are read whole for each part
        return together
    parts: list[list[Group]] = [[]]
    highest, counted = 0, 0
    for group in sorted(found, key=lambda one: (one.first, one.last)):
        if counted >= rows and group.first > highest:
            parts.append([])
            counted = 0
        parts[-1].append(group)
        highest, counted = max(highest, group.last), counted + group.rows
    return [_part(part) for part in parts] if len(parts) > 1 else together


def _part(groups: list[Group]) -> Part:
    """A part of these row groups."""
    paths = dict.fromkeys(group.path for group in groups)
    return Part(tuple(paths), min(group.first for group in groups), max(group.last for group in groups))
