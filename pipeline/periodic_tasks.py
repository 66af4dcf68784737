"""The tasks that belong to no wave, one function each: what the DAGs other than ``wave_cohort`` call.

Each can be called at any time and any number of times.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline.domain.errors import WaveLateError
from pipeline.domain.run_ref import OverviewRef
from pipeline.domain.settings import settings
from pipeline.runtime import progress
from pipeline.storage import paths, wave_lock
from pipeline.storage.task_sync import PUBLICATIONS, RUNS


def late_waves(data: str) -> dict[str, int]:
    """Raises WaveLateError where a run has held a wave longer than GELOMBANG_DEADLINE_HOURS: it needs somebody."""
    hours = settings().deadline_hours
    with progress.task("late_waves") as counts:
        held = wave_lock.held_waves(paths.Store.at(data))
        counts["held"] = len(held)
        late = wave_lock.held_before(held, datetime.now().astimezone() - timedelta(hours=hours)) if hours else {}
    if late:
        waves = "; ".join(f"{key} by {holder}" for key, holder in late.items())
        raise WaveLateError(f"Held for more than {hours} hours: {waves}.")
    return {"held": len(held)}


def purge(data: str) -> dict[str, int]:
    """Deletes what is kept longer than its period says, and counts what open cases keep; see `gelombang purge`."""
    from pipeline.publication import retention

    with progress.task("purge") as counts:
        store = paths.Store.at(data)
        found = retention.due(store, settings().retention, datetime.now().astimezone().date())
        retention.purge(store, found)
        counts["deleted_files"] = sum(one.files for one in found if not one.waiting)
        if kept := retention.kept(found):
            counts["kept_files"] = sum(one.files for one in found if one.waiting)
            counts["waiting_people"] = sum(who.cases + who.objections for who in kept.values())
    return dict(counts)


def overview(data: str) -> OverviewRef:
    """Puts all finished waves side by side: ``waves/overview.html``."""
    from pipeline.reports.overview import write_overview

    with progress.task("overview") as counts:
        store = paths.Store.at(data)
        store.pull("waves/", only=(*RUNS.only, "report.html"))
        store.pull("published/", only=(*PUBLICATIONS.only, "changes.parquet"))
        path = write_overview(store)
        store.push(store.key(path))
        counts["waves"] = len(store.wave_folders("waves"))
    return OverviewRef(f"{store.address}/waves/{path.name}", counts["waves"])
