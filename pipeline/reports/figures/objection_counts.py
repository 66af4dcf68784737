"""How many objections there were and how they were decided, of all waves, by the record; small counts are hidden."""

from __future__ import annotations

from pipeline.record import log
from pipeline.reports.small_cells.suppress import hide
from pipeline.storage.paths import Store


def objection_counts(store: Store) -> dict[str, int | None] | None:
    """Objections by state, and ``all``; None where there was none."""
    taken = len(log.entries(store, None, "objected"))
    if not taken:
        return None
    decided = [entry.facts.get("decision") for entry in log.entries(store, None, "objection_decided")]
    states = {name: decided.count(name) for name in ("accepted", "rejected")}
    states["open"] = max(taken - len(decided), 0)
    return {**hide(states), **hide({"all": taken})}
