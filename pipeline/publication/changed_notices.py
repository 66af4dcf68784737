"""Notices for those whom the last screening took out or let in: they replace what the run wrote for them.

Reads a revision's ``changes.parquet``; writes ``notices.parquet`` beside it, in the form of the run's own notices.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import NOTICES, with_ticket
from pipeline.reports.messages.letters import write_letter
from pipeline.reports.messages.notices import next_wave
from pipeline.reports.messages.tickets import with_paragraphs
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store


def write_changed_notices(store: Store, wave: Wave, revision: Path) -> int:
    """Writes the letters of everybody whose decision publication changed; returns how many."""
    following = next_wave(store, wave)
    changes = read_table(revision / "changes.parquet").to_pylist()
    changes = [change for change in changes if change["against"] == "run" and change["change"] != "moved"]
    schema = with_ticket(NOTICES) if wave.beacon else NOTICES
    tickets = _tickets(store, wave, [change["registration_id"] for change in changes]) if wave.beacon else {}
    rows = []
    for change in changes:
        outcome = "accepted" if change["change"] == "added" else "rejected"
        letter = write_letter(wave, outcome, change["reasons"] or [], following)
        rows.append({"registration_id": change["registration_id"], "outcome": outcome, **letter.columns()})
        rows[-1] |= {"ticket": tickets.get(change["registration_id"])} if wave.beacon else {}
    notices = pa.Table.from_pylist(rows, schema=schema)
    write_table(with_paragraphs(notices, wave) if wave.beacon else notices, revision / "notices.parquet", schema)
    return len(rows)


def _tickets(store: Store, wave: Wave, ids: list[str]) -> dict[str, str]:
    """The tickets of these applications, as the run decided them."""
    rows = pc.field("registration_id").isin(pa.array(ids, pa.string()))
    table = read_table(store.out(wave) / "decisions.parquet", ["registration_id", "ticket"], rows)
    return dict(zip(table["registration_id"].to_pylist(), table["ticket"].to_pylist(), strict=True))
