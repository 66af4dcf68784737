"""When each extract of a simulated wave was taken, and the folder of its delivery. Touches no file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.paths import Store

#: How many days before closing each extract was taken.
_AGE = {"population": 2, "education": 4, "bansos": 0, "priority": 1, "blacklist": 0}
_STALE = 35  # days before closing of the older deliveries, which must not be used
_TOO_NEW = 5  # days after closing of a delivery that only the last screening before publication may use
NAMES = tuple(_AGE)


def asof(plan: SimulationPlan, name: str) -> date:
    """The date of an extract's delivery that the wave must use."""
    return plan.wave.closing_day - timedelta(days=_AGE[name])


def stale_day(plan: SimulationPlan) -> date:
    """The date of the older deliveries."""
    return plan.wave.closing_day - timedelta(days=_STALE)


def too_new_day(plan: SimulationPlan) -> date:
    """The date of the delivery that came after the wave had closed."""
    return plan.wave.closing_day + timedelta(days=_TOO_NEW)


def delivery(store: Store, name: str, day: date) -> Path:
    """The folder of an extract's delivery."""
    return store.extract(name) / f"asof={day.isoformat()}"
