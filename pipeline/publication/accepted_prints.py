"""Keeps the prints of those whom a publication accepted, so that later waves are compared with them.

Comes after the revision is complete and may be repeated: a publication that is tried again finds what it kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from pipeline.domain.settings import settings
from pipeline.storage import files
from pipeline.storage.paths import LAST_SCREENING
from pipeline.wave_run import kept_prints
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_prints import prints_of, verified
from pipeline.wave_run.selfie_rounds import print_folder


def keep_prints_of_accepted(run: Plan, record: dict[str, Any], today: date) -> int:
    """Keeps prints of a published revision's people and deletes those of its run; returns how many are kept."""
    kept_prints.delete_expired(run.store, today)
    revision = int(record["revision"])
    cohort = run.store.published(run.wave.key) / f"rev-{revision}" / "cohort.parquet"
    accepted = files.application_ids(cohort)
    wanted = run.wave.selfie != "off" and run.wave.same_person != "off" and settings().selfie.keep_descriptors_days > 0
    screening = replace(run, store=run.store.aside(LAST_SCREENING))
    known = [person for person in verified(screening) if person.registration_id in accepted]
    if accepted and not known:  # called once more after the run's tables were deleted: what was kept stays
        return 0
    if wanted and accepted:
        people, prints = prints_of(screening, known)
        named = [(person.registration_id, person.selfie) for person in people]
        kept_prints.keep(
            run.store,
            run.wave,
            revision=revision,
            model=run.selfie_policy().model,
            people=named,
            prints=prints,
            published=today,
        )
    else:
        named = []
        kept_prints.forget(run.store, run.wave)
    print_folder(run).remove()
    return len(named)
