"""What happens when a wave is late: a line in Airflow's log at the level that installations send on."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("gelombang")


async def wave_is_late(context: dict[str, Any] | None = None, **_: Any) -> None:
    """Called by Airflow's triggerer when a run has not ended by its deadline."""
    run = (context or {}).get("dag_run") or {}
    name = run.get("run_id") if isinstance(run, dict) else getattr(run, "run_id", None)
    log.error("The run %s is late: it has neither been published nor rejected.", name or "of a wave")
