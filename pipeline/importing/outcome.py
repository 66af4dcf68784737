"""The result of an import: rows, rows set aside and why, values that could not be read, columns without values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.contracts import Table
from pipeline.domain.errors import ImportRefusedError
from pipeline.domain.settings import CheckSettings

#: A word outside a closed list is shown where there are few of them: many words are the values of another column,
#: perhaps names.
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


class Tally:
    """Counts what ``readings.staged`` says of rows, batch by batch; its size does not grow with them."""

    def __init__(self, contract: Table) -> None:
        self.read = 0
        self._contract = contract
        self._problems: Counter[str] = Counter()
        self._values: Counter[str] = Counter()
        self._unreadable: Counter[str] = Counter()
        self._words: dict[str, Counter[str]] = {c.name: Counter() for c in contract.columns if c.allowed}

    def add(self, rows: pa.Table) -> None:
        """A row with a problem is counted under the problem; its values are not counted."""
        self.read += rows.num_rows
        problems = rows.column("problem")
        if problems.null_count < rows.num_rows:
            self._problems.update(_counts(problems.drop_null()))
            rows = rows.filter(pc.is_null(problems))
        for name in self._contract.schema.names:
            self._values[name] += rows.num_rows - rows.column(name).null_count
            self._unreadable[name] += pc.sum(rows.column(f"bad_{name}")).as_py() or 0
        for name, words in self._words.items():
            if len(words) <= _FEW_WORDS:  # one more than can be shown means that there are many
                said = rows.column(f"word_{name}").drop_null()
                words.update(_counts(said.filter(pc.invert(pc.match_substring_regex(said, "[0-9]{5}")))))

    def outcome(self, aside: Counter[str]) -> Outcome:
        """What was found; ``aside`` are the records that the reader of the source set aside before."""
        kept = self.read - self._problems.total()
        found = Outcome(rows=kept, aside=Counter(aside) + Counter(dict(sorted(self._problems.items()))))
        found.read = kept + found.aside.total()
        names = self._contract.schema.names
        found.empty = [c.name for c in self._contract.columns if c.required and not self._values[c.name]]
        found.unreadable = {name: self._unreadable[name] for name in names if self._unreadable[name]}
        for name, words in self._words.items():
            if name in found.unreadable:
                ranked = sorted(words, key=lambda word: (-words[word], word))
                found.words[name] = ranked if len(ranked) <= _FEW_WORDS else []
        return found


def _counts(texts: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(texts).to_pylist()}


def refuse_what_is_none(found: Outcome, contract: Table, limits: CheckSettings) -> None:
    """Raises ImportRefusedError: no row, too many set aside, or a column without values that every row must have."""
    why = [f"{problem}: {count:,}" for problem, count in found.aside.most_common()]
    because = f" Set aside: {'; '.join(why)}." if why else ""
    if not found.rows:
        raise ImportRefusedError(f"No row of {found.read:,} can be used.{because}")
    lost = found.aside.total()
    share = max(0, lost - limits.few_rows) / found.read
    if share > limits.max_malformed_nik_share or lost > limits.max_malformed_nik_rows:
        raise ImportRefusedError(f"{lost:,} of {found.read:,} rows would be set aside.{because}")
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
