"""Deletes the prints of a run's selfies at its end.

A publication has kept and deleted them before its run ends. A run that ends before its cohort is published leaves the
prints of those whom it accepted to the publication, or to the next run of the wave, and no others. A run that failed
leaves all: it is run again, and nothing is looked at twice. What no later run uses is deleted after its time
(``kept_prints.delete_expired``).
"""

from __future__ import annotations

import shutil

from pipeline.domain.errors import GelombangError
from pipeline.domain.run_ref import RunRef
from pipeline.domain.settings import settings
from pipeline.runtime import progress
from pipeline.storage import files, task_sync, wave_lock
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_prints import only_of


def end_of_run(store: Store, ref: RunRef) -> None:
    """Deletes the prints of a finished run's selfies, except those that a publication still needs.

    Does nothing where another run holds the wave. An error here does not stop the release of the wave.
    """
    wave = store.calendar().wave(ref.wave)
    holder = wave_lock.holder_of(store, wave)
    if holder is None or holder.run != ref.run_id:
        return
    prefix = task_sync.PRINTS.format(wave=wave.key)
    folder = store.root / prefix
    try:
        plan, cohort = store.work(wave) / "plan.json", store.out(wave) / "cohort.parquet"
        if not folder.is_dir() or not (store.work(wave) / "out" / "manifest.json").is_file():
            return
        if settings().selfie.keep_descriptors_days and plan.is_file() and cohort.is_file():
            run = Plan.load(RunRef(ref.data, ref.wave))
            only_of(run, files.application_ids(cohort))
        else:
            shutil.rmtree(folder, ignore_errors=True)
        store.push(prefix, replace=True)
    except (GelombangError, OSError) as e:
        progress.log.error("Prints of wave %d could not be trimmed and are deleted: %s", wave.number, type(e).__name__)
        shutil.rmtree(folder, ignore_errors=True)
