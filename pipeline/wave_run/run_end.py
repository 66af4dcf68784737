"""What must not outlive a run: the prints of its selfies.

A run that somebody approves or rejects has published what is kept by the time it ends. A run at a prompt ends before
its cohort is published: the prints of those whom it accepted wait for `gelombang publish`, the others go.
"""

from __future__ import annotations

import shutil
from typing import Any

from pipeline.domain.errors import GelombangError
from pipeline.domain.settings import settings
from pipeline.runtime import progress
from pipeline.storage import files, task_sync, wave_lock
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_prints import only_of


def end_of_run(store: Store, job: dict[str, Any]) -> None:
    """Deletes the prints of a run's selfies, but for those that a publication at a prompt still needs.

    Does nothing where another run holds the wave. Never keeps a wave from being given back.
    """
    wave = store.calendar().wave(job["wave"])
    holder = wave_lock.holder_of(store, wave)
    if holder is None or holder.run != job["run"]:
        return
    prefix = task_sync.PRINTS.format(wave=wave.key)
    folder = store.root / prefix
    try:
        at_a_prompt = holder.process is not None and settings().selfie.keep_descriptors_days > 0
        plan, cohort = store.work(wave) / "plan.json", store.out(wave) / "cohort.parquet"
        if at_a_prompt and plan.is_file() and cohort.is_file() and folder.is_dir():
            run = Plan.load({"data": job["data"], "plan": store.key(plan)})
            only_of(run, set(files.read_table(cohort, ["registration_id"])["registration_id"].to_pylist()))
        else:
            shutil.rmtree(folder, ignore_errors=True)
        store.push(prefix, replace=True)
    except (GelombangError, OSError) as e:
        progress.log.error("Prints of wave %d could not be trimmed and are deleted: %s", wave.number, type(e).__name__)
        shutil.rmtree(folder, ignore_errors=True)
