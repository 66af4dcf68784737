"""Photographs that were sent again: how many were taken in, and why the others were not, as it may be shown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pipeline.ingest.reuploads import problems
from pipeline.reports.small_cells.suppress import hide
from pipeline.storage.files import read_table

TAKEN_IN = "taken_in"


def sent_again(out: Path) -> dict[str, int | None]:
    """Re-uploads of a run by what became of them, in the catalogue's order; empty where none was sent."""
    path = out / "reuploads.parquet"
    if not path.is_file():
        return {}
    counts = Counter(problem or TAKEN_IN for problem in read_table(path, ["problem"])["problem"].to_pylist())
    return hide({code: counts[code] for code in (TAKEN_IN, *problems()) if counts[code]})
