"""What was shown of a wave before, so that a later release compared with it shows nothing about few people.

A wave is run again, and a cohort is published in several revisions: a reader who keeps the first report can subtract.
So each release leaves ``released.json`` in its folder (the operator's, with the exact counts), and the next one reads
all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.domain.calendar import Wave
from pipeline.reports.small_cells.suppress import small
from pipeline.storage.files import read_json, write_json
from pipeline.storage.paths import Store

NAME = "released.json"
#: A table as it was shown: each row's groups, and its figures (None: not shown).
Table = list[tuple[list[str], list[int | None]]]


@dataclass
class Released:
    """All earlier releases together: exact counts of each, what was joined or hidden in any, tables as last shown."""

    cells: list[dict[str, int]] = field(default_factory=list)
    parts: list[list[str]] = field(default_factory=list)
    reasons: list[dict[str, dict[str, int]]] = field(default_factory=list)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, list[Table]] = field(default_factory=dict)

    def reasons_of(self, step: str) -> list[dict[str, int]]:
        """The exact counts of a step's reasons, of each release that had the step."""
        return [release[step] for release in self.reasons if step in release]

    def allows(self, name: str, table: Table) -> bool:
        """Whether a table may be shown after all its earlier versions: the same rows and the same figures hidden, and
        no figure that moved by fewer than five."""
        return all(_steady(table, earlier) for earlier in self.tables.get(name, []))

    def add(self, other: Released) -> None:
        """Adds another release; one that is known already changes nothing."""
        self.cells += [one for one in other.cells if one not in self.cells]
        self.parts += [one for one in other.parts if one not in self.parts]
        self.reasons += [one for one in other.reasons if one not in self.reasons]
        for step, names in other.hidden.items():
            self.hidden[step] = sorted({*self.hidden.get(step, []), *names})
        for name, tables in other.tables.items():
            known = self.tables.setdefault(name, [])
            known += [one for one in tables if one not in known]


def _steady(table: Table, earlier: Table) -> bool:
    if [keys for keys, _ in table] != [keys for keys, _ in earlier]:
        return False
    pairs = [pair for (_, now), (_, then) in zip(table, earlier, strict=True) for pair in zip(now, then, strict=False)]
    return all((a is None) == (b is None) and not (a and b and small(abs(a - b))) for a, b in pairs)


def read(paths: Iterable[Path]) -> Released:
    """The releases of some folders, as far as they have one."""
    found = Released()
    for folder in paths:
        if (path := folder / NAME).is_file():
            raw = read_json(path)
            tables = {n: [[(list(k), list(v)) for k, v in t] for t in ts] for n, ts in raw.pop("tables").items()}
            found.add(Released(**raw, tables=tables))
    return found


def earlier(store: Store, wave: Wave) -> Released:
    """What was released of a wave: by the finished run before, and by every revision."""
    return read([store.out(wave), *store.revisions(wave.key)])


def write(folder: Path, before: Released, release: Released) -> Path:
    """Writes this release and all before it."""
    before.add(release)
    plain: dict[str, Any] = asdict(before)
    return write_json(plain, folder / NAME)
