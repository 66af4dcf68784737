"""What ingest writes about the delivered files: ``set_aside.parquet`` and ``ingest.json``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.domain.contracts import SET_ASIDE
from pipeline.ingest.registration_files import Delivery
from pipeline.storage import files


@dataclass
class IngestRecord:
    """The counts of one wave's registrations; ``rows`` of every file are taken in or set aside."""

    deliveries: list[Delivery]
    ignored: list[Path]
    taken_in: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    repeated_ids: int = 0

    @property
    def set_aside(self) -> int:
        """Rows set aside, of all files."""
        return sum(one.aside.total for one in self.deliveries)

    @property
    def quarantined(self) -> list[Delivery]:
        """Files set aside whole."""
        return [one for one in self.deliveries if one.error]

    def write(self, work: Path) -> None:
        """Writes both files."""
        listed = sorted(
            (one.path.name, line, problem, rows) for one in self.deliveries for line, problem, rows in one.aside.rows()
        )
        columns = list(zip(*listed, strict=True)) if listed else [()] * len(SET_ASIDE.names)
        table = pa.table(dict(zip(SET_ASIDE.names, columns, strict=True)), schema=SET_ASIDE)
        files.write_table(table, work / "set_aside.parquet", SET_ASIDE)
        files.write_json(self.to_json(), work / "ingest.json")

    def to_json(self) -> dict[str, Any]:
        """Plain values: totals, problems, and a line for each file."""
        problems: Counter[str] = Counter()
        for one in self.deliveries:
            problems.update(one.aside.counts)
        return {
            "taken_in": sum(self.taken_in.values()),
            "set_aside": self.set_aside,
            "repeated_ids": self.repeated_ids,
            "problems": problems,
            "unreadable_values": self.unreadable,
            "ignored_files": [path.name for path in self.ignored],
            "quarantined_files": {
                one.path.name: f"{type(one.error).__name__}: {_said(one)}" for one in self.quarantined
            },
            "files": [
                {
                    "file": one.path.name,
                    "read": self.taken_in.get(one.path.name, 0) + one.aside.total,
                    "taken_in": self.taken_in.get(one.path.name, 0),
                    "set_aside": one.aside.total,
                    "problems": dict(one.aside.counts),
                }
                for one in self.deliveries
            ],
        }


def _said(one: Delivery) -> str:
    """What is wrong with a file, without the place where this machine keeps it."""
    assert one.error is not None
    return one.error.message.replace(str(one.path), one.path.name)
