"""What an import found: rows, what was set aside and why, values that could not be read, columns without any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipeline.domain.contracts import Table
from pipeline.domain.errors import ImportRefusedError
from pipeline.domain.settings import CheckSettings

#: A word outside a closed list is shown where there are few of them: many are another column's values, perhaps names.
_FEW_WORDS = 12


@dataclass
class Outcome:
    """Counts of one import. ``words``: of a column with a closed list, the words outside it."""

    read: int = 0
    rows: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    unreadable: dict[str, int] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        named = ("read", "rows", "unreadable", "empty", "words", "notes")
        return {**{name: getattr(self, name) for name in named}, "set_aside": dict(self.aside)}


def counted(db: duckdb.DuckDBPyConnection, contract: Table, rows: str, aside: Counter[str]) -> Outcome:
    """Counts the staged rows; ``aside`` are the records that the reader of the source set aside before."""
    by_problem = dict(db.execute(f"SELECT problem, count(*) FROM {rows} GROUP BY problem ORDER BY problem").fetchall())
    kept = by_problem.pop(None, 0)
    found = Outcome(rows=kept, aside=Counter(aside) + Counter(by_problem))
    found.read = kept + found.aside.total()
    names = contract.schema.names
    sums = ", ".join([*(f"count({n})" for n in names), *(f"count(*) FILTER (bad_{n})" for n in names)])
    counts = db.execute(f"SELECT {sums} FROM {rows} WHERE problem IS NULL").fetchall()[0]
    found.empty = [name for name, count in zip(names, counts, strict=False) if not count]
    found.unreadable = {n: count for n, count in zip(names, counts[len(names) :], strict=True) if count}
    for column in contract.columns:
        if column.allowed and column.name in found.unreadable:
            found.words[column.name] = _words(db, rows, column.name)
    return found


def _words(db: duckdb.DuckDBPyConnection, rows: str, column: str) -> list[str]:
    query = (
        f"SELECT word_{column} FROM {rows} WHERE problem IS NULL AND bad_{column} AND NOT "
        f"regexp_matches(word_{column}, '\\d{{5}}') GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {_FEW_WORDS + 1}"
    )
    words = [word for (word,) in db.execute(query).fetchall()]
    return words if len(words) <= _FEW_WORDS else []


def refuse_what_is_none(found: Outcome, contract: Table, limits: CheckSettings) -> None:
    """Raises ImportRefusedError: no row, too many set aside, or a column without values that every row must have."""
    why = [f"{problem}: {count:,}" for problem, count in found.aside.most_common()]
    told = f" Set aside: {'; '.join(why)}." if why else ""
    if not found.rows:
        raise ImportRefusedError(f"No row of {found.read:,} can be used.{told}")
    lost = found.aside.total()
    share = max(0, lost - limits.few_rows) / found.read
    if share > limits.max_malformed_nik_share or lost > limits.max_malformed_nik_rows:
        raise ImportRefusedError(f"{lost:,} of {found.read:,} rows would be set aside.{told}")
    for column in contract.columns:
        if column.filled and column.name in found.empty:
            words = ", ".join(found.words.get(column.name, []))
            other = f" It has other words: {words}." if words else ""
            raise ImportRefusedError(
                f"No row has a value for {column.name} that can be used.{other}",
                f"Say in the mapping which words mean {', '.join(column.allowed)} ([values] {column.name})."
                if column.allowed
                else None,
            )
