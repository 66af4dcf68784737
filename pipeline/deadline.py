"""The import path that deadlines stored by Airflow until 0.2.0 have for their callback. It is removed with 0.4.0.

Newer runs have no deadline in Airflow: `dags/late_waves.py` looks for late ones.
"""

from __future__ import annotations

import logging
from typing import Any


async def wave_is_late(context: dict[str, Any] | None = None, **_: Any) -> None:
    """Called by Airflow's triggerer when a run of 0.2.0 has not ended by its deadline."""
    run = (context or {}).get("dag_run") or {}
    name = run.get("run_id") if isinstance(run, dict) else getattr(run, "run_id", None)
    logging.getLogger("gelombang").error("The run %s is late: it is neither published nor rejected.", name)
