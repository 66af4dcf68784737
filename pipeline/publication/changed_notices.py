"""Notices for those whom the last screening took out or let in, and for those who lose the place that the revision
before gave: they replace the notices of the run.

Reads a revision's ``changes.parquet``; writes ``notices.parquet`` into the same folder, in the form of the run's own
notices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import NOTICES, with_ticket
from pipeline.reports.messages.letters import write_letter
from pipeline.reports.messages.notices import next_wave, people
from pipeline.reports.messages.paragraphs import with_paragraphs
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store

Row = dict[str, Any]
#: What a letter is written from.
_OF_A_LETTER = ("registration_id", "outcome", "reasons", "reviewed", "selfie_decision", "selfie_verified")


def write_changed_notices(store: Store, wave: Wave, revision: Path, about: pa.Table) -> int:
    """Writes the letters of everybody whose decision publication changed, or whose place it took back; returns how
    many.

    ``about``: what the last screening decided about those who have no place (``taken_out.SCHEMA``).
    """
    following = next_wave(store, wave)
    changes = read_table(revision / "changes.parquet", rows=pc.field("change") != "moved").to_pylist()
    by_publication = {row["registration_id"]: row for row in changes if row["against"] == "run"}
    withdrawn = {
        row["registration_id"] for row in changes if (row["against"], row["change"]) == ("revision", "removed")
    }
    schema = with_ticket(NOTICES) if wave.beacon else NOTICES
    ids = sorted(by_publication.keys() | withdrawn)
    decided, who = _decided(store, wave, ids), people(store, wave, ids)
    last = {row["registration_id"]: row for row in about.to_pylist()}
    rows = []
    for id_ in ids:
        run = decided.get(id_, {})
        outcome, reasons, how = _holds_now(run, by_publication.get(id_), last.get(id_, {}))
        letter = write_letter(wave, outcome, reasons, following, **how, withdrawn=id_ in withdrawn)
        rows.append({"registration_id": id_, "outcome": outcome, **letter.columns(), **who[id_]})
        rows[-1] |= {"ticket": run.get("ticket")} if wave.beacon else {}
    notices = with_paragraphs(pa.Table.from_pylist(rows, schema=schema), wave)
    write_table(notices, revision / "notices.parquet", schema)
    return len(rows)


def _holds_now(run: Row, change: Row | None, last: Row) -> tuple[str, list[str], dict[str, bool]]:
    """Outcome and reasons of an application, and how it was decided: by the last screening, else by the run.

    ``run``: what the run decided; empty where the application was not delivered again. ``last``: what the last
    screening decided about somebody without a place; empty where it did not screen the application.
    """
    if change is None:
        how = {"reviewed": bool(run.get("reviewed")), "matched": run.get("selfie_decision") == "match"}
        return run.get("outcome") or "rejected", run.get("reasons") or [], how
    # the selfie of a person whom the run accepted was checked, by a machine or an officer
    matched = bool(run.get("selfie_verified")) and run.get("outcome") == "accepted"
    if change["change"] == "added":
        return "accepted", [], {"matched": matched}
    # without a reason nothing is refused: the letter says that there was no place
    how = {"reviewed": bool(last.get("reviewed")), "matched": matched}
    return last.get("outcome") or "reserve", last.get("reasons") or [], how


def _decided(store: Store, wave: Wave, ids: list[str]) -> dict[str, Row]:
    """What the run decided about these applications, as far as a letter needs it."""
    columns = [*_OF_A_LETTER, *(["ticket"] if wave.beacon else [])]
    rows = pc.field("registration_id").isin(pa.array(ids, pa.string()))
    table = read_table(store.out(wave) / "decisions.parquet", columns, rows)
    return {row["registration_id"]: row for row in table.to_pylist()}
