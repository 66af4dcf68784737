"""What came out of a simulation, and its record on disk: the truth and ``simulated.json``."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipeline.simulate import planted_cards
from pipeline.simulate.between.past import Past
from pipeline.simulate.photos.photographs import Rendered
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers.delivery_dates import asof
from pipeline.simulate.truth import beacon_truth
from pipeline.simulate.truth.truth_table import TRUTH, truth_path, with_faces
from pipeline.simulate.wanted_photographs import Photographs
from pipeline.storage.files import write_json, write_table
from pipeline.storage.paths import Store

NOTHING_BEFORE = Past()


@dataclass(frozen=True)
class Simulated:
    """What came out, for the terminal and ``simulated.json``."""

    registrations: int
    people: int
    expected_eligible: int
    extracts: dict[str, int]
    hostile: dict[str, int]
    photographs: Photographs
    truth: pa.Table
    past: Past = NOTHING_BEFORE  # what the next wave of the country knows


def record(plan: SimulationPlan, store: Store, done: Simulated, rendered: Rendered) -> None:
    """Writes the truth, and ``simulated.json``: what was asked for, what came out, how many lines are broken."""
    by_fault = {fault or "none": n for fault, n in sorted(rendered.counts.items())}
    value = {
        "options": plan.options,
        "wave": plan.wave.number,
        "draw_seed": plan.wave.seed,
        "registrations": done.registrations,
        "people": done.people,
        "expected_eligible": done.expected_eligible,
        "extracts": {name: {"asof": asof(plan, name), "rows": n} for name, n in done.extracts.items()},
        "set_aside": {"total": sum(done.hostile.values()), **done.hostile},
        "photographs": {"applications": rendered.counts.total(), **by_fault},
    }
    if plan.wave.card == "check":
        value["cards"] = planted_cards.counted(done.photographs.card)
    if plan.wave.beacon:
        beacon_truth.deliver(plan, store)
    write_json(value, truth_path(plan, store).with_name("simulated.json"))
    write_table(with_faces(done.truth, rendered.shown), truth_path(plan, store), TRUTH)
