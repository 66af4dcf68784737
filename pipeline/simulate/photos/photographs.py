"""Renders the photographs of a wave in worker processes: selfies below ``selfies/``, the register's below ``photos/``.

Every picture is a function of (seed, application or person): the same bytes whatever the number of workers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline.runtime.processes import cores, leave_with_parent
from pipeline.simulate.photos import casting, face_sources
from pipeline.simulate.photos.casting import Cast, People, Shown
from pipeline.simulate.photos.photo_job import HeldCard, Job
from pipeline.storage import files

_TOGETHER = 5_000  # places of the draw whose photographs are rendered face by face
_TASK = 24  # photographs of a task: small, so that both workers end together


@dataclass
class Rendered:
    """Applications by fault (``""`` for none), and what each one's photographs show."""

    counts: Counter[str] = field(default_factory=Counter)
    shown: dict[int, Shown] = field(default_factory=dict)

    def add(self, more: Rendered) -> int:
        """Takes in what a task rendered; returns how many applications that were."""
        self.counts += more.counts
        self.shown |= more.shown
        return more.counts.total()


def render(
    seed: int,
    jobs: Iterable[Job],
    folder: Path | None,
    workers: int,
    progress: Callable[[int], None],
    *,
    resumed: bool = False,
) -> Rendered:
    """Writes all photographs. Raises BadSettingError, StoreError.

    ``progress`` is called with the number of applications that were finished since its last call. ``resumed``: files
    that are there were made by an interrupted run of the same jobs, and are not made again.
    """
    jobs = list(jobs)
    apart = 1 + max((job.source for job in jobs if job.source is not None), default=-1)
    people = face_sources.usable_people(folder, apart) if apart else face_sources.people(folder)
    # who is drawn first comes first, so that an early part of the draw can be run before all are there; then by face
    by_face = sorted(jobs, key=lambda job: (job.turn // _TOGETHER, casting.face(seed, job, people), job.number))
    tasks = list(_tasks(seed, by_face, people))
    work = partial(_run, seed, people, resumed=resumed)
    rendered = Rendered()
    workers = workers or cores()
    if workers == 1 or len(tasks) == 1:
        for done in map(work, tasks):
            progress(rendered.add(done))
        return rendered
    # spawned, not forked: TensorFlow's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        for done in pool.map(work, tasks):
            progress(rendered.add(done))
    return rendered


def _one_thread() -> None:
    import cv2

    leave_with_parent()
    cv2.setNumThreads(1)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def _tasks(seed: int, jobs: list[Job], people: People) -> Iterator[list[Job]]:
    """Jobs by face, so that a source photograph is looked at by one worker, in tasks of about ``_TASK``."""
    task: list[Job] = []
    for _, group in groupby(jobs, key=lambda job: casting.face(seed, job, people)):
        task += group
        if len(task) >= _TASK:
            yield task
            task = []
    if task:
        yield task


def _run(seed: int, people: People, jobs: list[Job], *, resumed: bool) -> Rendered:
    counts: Counter[str] = Counter()
    shown: dict[int, Shown] = {}
    for job in jobs:
        made = casting.cast(seed, job, people)
        if not (resumed and job.selfie.is_file()):  # the last file of a job
            _one(seed, job, made, people)
        counts[job.fault or ""] += 1
        shown[job.number] = casting.shown(made, job.fault)
    return Rendered(counts, shown)


def _one(seed: int, job: Job, made: Cast, people: People) -> None:
    from pipeline.simulate.photos import portraits, scenes

    if job.reference is not None:
        of_person = np.random.default_rng([seed, job.person, 2])
        _write(job.reference, portraits.reference(made.register.face, odd_year=job.odd_year, rng=of_person))
    if job.fault == "selfie_missing":
        return
    picture = _with_card(seed, job, job.card, made, people) if job.card else _without_card(seed, job, made)
    if job.copy_of is not None and job.source is not None:
        picture = scenes.copied(picture, np.random.default_rng([seed, job.number, 3]))
    _write(job.selfie, scenes.unreadable(picture, made.rng) if job.fault == "selfie_unreadable" else picture)


def _without_card(seed: int, job: Job, made: Cast) -> bytes:
    from pipeline.simulate.photos import portraits

    own, other = made.selfie.face, made.register.face
    if job.copy_of is not None:
        return portraits.selfie(own, other, None, np.random.default_rng([seed, job.copy_of, 1]))
    stranger = made.stranger.face if made.stranger else other
    if job.fault == "face_mismatch":
        return portraits.selfie(stranger, other, None, made.rng)
    return portraits.selfie(own, stranger, job.fault, made.rng)


def _with_card(seed: int, job: Job, card: HeldCard, made: Cast, people: People) -> bytes:
    """A selfie of a wave that looks at cards; an impostor holds the applicant's."""
    from pipeline.simulate.photos.cards import held_selfie

    if not held_selfie.holds_card(job.fault):
        return _without_card(seed, job, made)
    first = job.number if job.copy_of is None else job.copy_of  # whose picture it was
    face = made.stranger.face if made.stranger else made.selfie.face
    bearer = made.register.face
    if card.kind == "another":
        bearer = casting.somebody_else(seed, first, made.place, people)
    return held_selfie.selfie(face, bearer, card, job.fault, np.random.default_rng([seed, first, 4]))


def _write(path: Path, data: bytes) -> None:
    with files.atomic(path) as part:
        part.write_bytes(data)
