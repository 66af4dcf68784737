"""What the public may count of a published wave: ``rev-N/public/funnel.json`` and ``public/publication.json``.

Reads the run's funnel and the revision's changes. Beside the public files it writes the operator's ``funnel.json`` of
the published state and ``released.json``, so that the next revision tells nothing about few people.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.reports.small_cells import releases
from pipeline.reports.small_cells.disclosure import note_release, published
from pipeline.storage import files
from pipeline.wave_run.plan import Plan

FUNNEL, PUBLICATION = "funnel.json", "publication.json"
#: The step at which people leave whom the last screening takes out.
LAST = "last_screening"
#: What of ``publication.json`` is for everybody. How many were taken out, and why, is the operator's.
_PUBLIC = ("wave", "revision", "decree", "published_at", "quota", "accepted", "manifest_sha256")


def write_public_figures(run: Plan, revision: Path, folder: Path) -> None:
    """Writes the funnel of a revision that has its changes: the exact one, and in ``folder`` the public one."""
    path = run.store.out(run.wave) / FUNNEL
    if not path.is_file():
        return
    changes = files.read_table(revision / "changes.parquet", ["against", "registration_id", "change"]).to_pylist()
    changes = [row for row in changes if row["against"] == "run"]
    gone = sum(row["change"] == "removed" for row in changes)
    let_in = _outcomes(run, [row["registration_id"] for row in changes if row["change"] == "added"])
    funnel = as_published(files.read_json(path), gone, let_in)
    before = releases.earlier(run.store, run.wave)
    shown = published(funnel, before)
    files.write_json(funnel, revision / FUNNEL)
    files.write_json(shown.public(), folder / FUNNEL)
    note_release(revision, funnel, shown, before)


def write_public_publication(record: dict[str, Any], folder: Path) -> None:
    """Writes what of a publication's record is for everybody."""
    dates = {name: extract["asof"] for name, extract in record["extracts"].items()}
    files.write_json({**{name: record[name] for name in _PUBLIC}, "extracts": dates}, folder / PUBLICATION)


def as_published(funnel: dict[str, Any], gone: int, let_in: dict[str, int]) -> dict[str, Any]:
    """The run's funnel with one step more, at which the people leave whom the last screening took out. ``let_in``: how
    many it let in, by the outcome that they had in the run."""
    steps = [{**step, "outcomes": dict(step["outcomes"])} for step in funnel["steps"]]
    for outcome, n in let_in.items():
        step = next(s for s in reversed(steps) if s["outcomes"].get(outcome, 0) >= n)
        step["outcomes"][outcome] -= n
    steps.append({"step": LAST, "by_reason": {}, "outcomes": {"rejected": gone} if gone else {}})
    entered = funnel["registrations"]
    for step in steps:
        left = sum(step["outcomes"].values())
        step |= {"entered": entered, "left": left, "passed": entered - left}
        entered -= left
    ends = {o: sum(step["outcomes"].get(o, 0) for step in steps) for o in funnel["ends"]}
    return {**funnel, "steps": steps, "ends": {**ends, "accepted": entered}}


def _outcomes(run: Plan, ids: list[str]) -> dict[str, int]:
    """What the run had decided about these applications."""
    wanted = pc.field("registration_id").isin(pa.array(ids, pa.string()))
    table = files.read_table(run.store.out(run.wave) / "decisions.parquet", ["registration_id", "outcome"], wanted)
    return dict(Counter(table["outcome"].to_pylist()))
