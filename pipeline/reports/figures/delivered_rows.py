"""What happened to every delivered row: taken in, or set aside for a reason; and how the decisions follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.ingest.set_aside import problem_key


@dataclass(frozen=True)
class DeliveredRows:
    """Rows of the registration files. ``read`` is the sum of ``taken_in`` and ``set_aside``.

    ``decided`` counts applications: the rows taken in, one for each id that is on several rows, and those that
    ``came_back`` from an earlier wave with a new photograph.
    """

    read: int
    taken_in: int
    set_aside: dict[str, int]
    quarantined: int
    repeated_ids: int
    came_back: int
    decided: int

    @property
    def complete(self) -> bool:
        """Whether every row and every decision is accounted for."""
        rows = self.taken_in + sum(self.set_aside.values())
        return self.read == rows and self.decided == self.taken_in + self.repeated_ids + self.came_back


def delivered_rows(ingest: dict[str, Any], decided: int) -> DeliveredRows | None:
    """The rows by ``ingest.json``; None where a run of an older version did not write them by file and problem."""
    if "files" not in ingest or "problems" not in ingest:
        return None
    return DeliveredRows(
        read=sum(one["read"] for one in ingest["files"]),
        taken_in=ingest["taken_in"],
        set_aside={problem_key(problem): count for problem, count in sorted(ingest["problems"].items())},
        quarantined=len(ingest.get("quarantined_files", {})),
        repeated_ids=ingest.get("repeated_ids", 0),
        came_back=ingest.get("reuploads", {}).get("taken_in", 0),
        decided=decided,
    )
