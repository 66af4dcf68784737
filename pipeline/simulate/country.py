"""A country with several consecutive waves: each is simulated in turn, and knows who applied in those before it.

People who were refused apply again, some with what they mended; people who failed only the photograph send a new one;
some move to another family card, some die. Each wave has its own landing and its own extracts, of its own dates, so
that a backfill finds of each register the delivery of then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.domain.errors import BadSettingError
from pipeline.runtime import progress
from pipeline.simulate import planted_cards, wave
from pipeline.simulate.between import retry_photos
from pipeline.simulate.between.past import Past
from pipeline.simulate.photos.photo_job import EACH_WAVE, Job
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.simulated import Simulated, record
from pipeline.simulate.wanted_photographs import Rendering, photograph_jobs
from pipeline.storage.paths import Store

if TYPE_CHECKING:
    from pipeline.simulate.photos.photographs import Rendered


@dataclass(frozen=True)
class CountryWave:
    """One wave of a country: what was simulated, and its photographs: of how many applications, and how many
    of them for an application of the wave before."""

    plan: SimulationPlan
    done: Simulated
    photographs: int
    retries: int


def make_room(plans: list[SimulationPlan], store: Store) -> None:
    """Raises BadSettingError where one of the waves has results: they would belong to other people."""
    for plan in plans:
        for there in (store.out(plan.wave), store.published(plan.wave.key)):
            if there.exists():
                raise BadSettingError(f"{there} is there already.", "Simulate a country into a data root of its own.")


def simulate_country(
    plans: list[SimulationPlan],
    store: Store,
    rendering: Rendering,
    progress_of: Callable[[int], Callable[[int], None]],
) -> Iterator[CountryWave]:
    """Simulates the waves in their order.

    ``progress_of``: for a number of photographs, the function that is called with each that is done.

    Raises BadSettingError for a population too small, or where there are data that the simulator did not make.
    """
    past = Past(steps=len(plans), first_day=plans[0].wave.closing_day)
    sources: dict[int, int] = {}  # the source of each face, the same in all waves
    for plan in plans:
        before = past
        with progress.task(f"simulate wave {plan.wave.number}") as counts:
            done = wave.simulate_wave(plan, store, rendering.photos, rendering.workers, past)
            counts |= {"registrations": done.registrations, **done.extracts}
        jobs = photograph_jobs(plan, store, done.photographs, before.step, sources)
        resent = planted_cards.with_own_cards(plan, before, retry_photos.deliver(plan, store, before))
        resent = [_in_country(job, before, sources) for job in resent]
        rendered = _render(plan, [*jobs, *resent], rendering, progress_of)
        record(plan, store, done, rendered)
        past = done.past
        yield CountryWave(plan, done, len(jobs), len(resent))


def _in_country(job: Job, before: Past, sources: dict[int, int]) -> Job:
    return replace(job, number=job.number + before.step * EACH_WAVE, source=sources.get(job.person))


def _render(
    plan: SimulationPlan,
    jobs: list[Job],
    rendering: Rendering,
    progress_of: Callable[[int], Callable[[int], None]],
) -> Rendered:
    from pipeline.simulate.photos import photographs

    if not jobs:
        return photographs.Rendered()
    with progress.task(f"photographs of wave {plan.wave.number}") as counts:
        counts["applications"] = len(jobs)
        return photographs.render(plan.seed, jobs, rendering.faces, rendering.workers, progress_of(len(jobs)))
