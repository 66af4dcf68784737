"""Notices for those whom the last screening took out or let in: they replace what the run wrote for them.

Reads a revision's ``changes.parquet``; writes ``notices.parquet`` beside it, in the form of the run's own notices.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import NOTICES
from pipeline.reports.messages.letters import write_letter
from pipeline.reports.messages.notices import next_wave
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store


def write_changed_notices(store: Store, wave: Wave, revision: Path) -> int:
    """Writes the letters of everybody whose decision publication changed; returns how many."""
    following = next_wave(store, wave)
    rows = []
    for change in read_table(revision / "changes.parquet").to_pylist():
        if change["against"] != "run" or change["change"] == "moved":
            continue
        outcome = "accepted" if change["change"] == "added" else "rejected"
        letter = write_letter(wave, outcome, change["reasons"] or [], following)
        rows.append({"registration_id": change["registration_id"], "outcome": outcome, **letter.columns()})
    write_table(pa.Table.from_pylist(rows, schema=NOTICES), revision / "notices.parquet", NOTICES)
    return len(rows)
