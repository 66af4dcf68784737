"""Renders the photographs of a wave in worker processes: selfies below ``selfies/``, the register's below ``photos/``.

Every picture is a function of (seed, application or person): the same bytes whatever the number of workers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline.domain.errors import BadSettingError
from pipeline.runtime.processes import cores, leave_with_parent
from pipeline.simulate import noise
from pipeline.simulate.photos import face_sources
from pipeline.simulate.photos.face_sources import Portrait, Source
from pipeline.storage import files

_TOGETHER = 5_000  # places of the draw whose photographs are rendered face by face
_TASK = 24  # photographs of a task: small, so that both workers end together


@dataclass(frozen=True)
class Job:
    """One application's photographs."""

    number: int  # of the application
    person: int  # place in the population
    odd_year: bool  # of birth
    fault: str | None
    selfie: Path
    reference: Path | None  # None: already made with another application of the same person, or there is none
    turn: int = 0  # place in the order in which they are needed
    face: int | None = None  # whose face it is, where that is another person's
    source: int | None = None  # place of the face's source, where no two people may share one
    copy_of: int | None = None  # number of the application whose selfie is sent again


def render(
    seed: int,
    jobs: Iterable[Job],
    folder: Path | None,
    workers: int,
    progress: Callable[[int], None],
    *,
    resumed: bool = False,
) -> Counter[str]:
    """Writes all photographs; counts by fault (``""`` for none). Raises BadSettingError, StoreError.

    ``progress`` is told how many applications were finished since it was last told. ``resumed``: what lies there was
    made by an interrupted run of the same jobs and is not made again.
    """
    jobs = list(jobs)
    apart = len({job.source for job in jobs if job.source is not None})
    people = face_sources.usable_people(folder, apart) if apart else face_sources.people(folder)
    # who is drawn first comes first, so that an early part of the draw can be run before all are there; then by face
    by_face = sorted(jobs, key=lambda job: (job.turn // _TOGETHER, _face(seed, job, people), job.number))
    tasks = list(_tasks(seed, by_face, people))
    work = partial(_run, seed, people, resumed)
    counts: Counter[str] = Counter()
    workers = workers or cores()
    if workers == 1 or len(tasks) == 1:
        for done in map(work, tasks):
            counts.update(done)
            progress(done.total())
        return counts
    # spawned, not forked: TensorFlow's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        for done in pool.map(work, tasks):
            counts.update(done)
            progress(done.total())
    return counts


def _one_thread() -> None:
    import cv2

    leave_with_parent()
    cv2.setNumThreads(1)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def _face(seed: int, job: Job, people: list[list[Source]]) -> int:
    """Whose face an applicant has; whoever hides their ears has some to hide."""
    owner = job.person if job.face is None else job.face
    first = int(noise.pick(seed, "face", [owner], len(people))[0])
    if job.source is not None:
        return job.source % len(people)
    if job.fault != "ears_hidden":
        return first
    return next((at for at in _from(first, people) if people[at][0].ears), first)


def _from(first: int, people: list[list[Source]]) -> Iterator[int]:
    """Every person's place once, beginning with this one."""
    return ((first + step) % len(people) for step in range(len(people)))


def _tasks(seed: int, jobs: list[Job], people: list[list[Source]]) -> Iterator[list[Job]]:
    """Jobs by face, so that a source photograph is looked at by one worker, in tasks of about ``_TASK``."""
    task: list[Job] = []
    for _, group in groupby(jobs, key=lambda job: _face(seed, job, people)):
        task += group
        if len(task) >= _TASK:
            yield task
            task = []
    if task:
        yield task


def _run(seed: int, people: list[list[Source]], resumed: bool, jobs: list[Job]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for job in jobs:
        if not (resumed and job.selfie.is_file()):  # the last file of a job
            _one(seed, people, job)
        counts[job.fault or ""] += 1
    return counts


def _one(seed: int, people: list[list[Source]], job: Job) -> None:
    from pipeline.simulate.photos import portraits, scenes

    at = _face(seed, job, people)
    # a register's photograph is not the selfie of the day, where the person has more than one; under another number
    # the person sends a third
    at, own = _usable(people, at, 3 if job.fault == "same_person" else 2)
    if job.reference is not None:
        of_person = np.random.default_rng([seed, job.person, 2])
        _write(job.reference, portraits.reference(own[0], job.odd_year, of_person))
    if job.fault == "selfie_missing":
        return
    if job.copy_of is not None:
        first = portraits.selfie(own[-1], own[0], None, np.random.default_rng([seed, job.copy_of, 1]))
        again = scenes.copied(first, np.random.default_rng([seed, job.number, 3])) if job.source is not None else first
        _write(job.selfie, again)
        return
    rng = np.random.default_rng([seed, job.number, 1])
    stranger = own[0]
    if job.fault in ("face_mismatch", "several_faces"):
        stranger = _usable(people, at + 1 + int(rng.integers(len(people) - 1)), 1, but=at)[1][0]
    if job.fault == "face_mismatch":
        picture = portraits.selfie(stranger, own[0], None, rng)
    else:
        picture = portraits.selfie(own[-1], stranger, job.fault, rng)
    _write(job.selfie, scenes.unreadable(picture, rng) if job.fault == "selfie_unreadable" else picture)


def _usable(people: list[list[Source]], first: int, most: int, but: int | None = None) -> tuple[int, list[Portrait]]:
    """A person with usable photographs, ``first`` or the next who has any, and at most so many of them.

    ``but`` is passed over. Raises BadSettingError if nobody is left.
    """
    for at in _from(first, people):
        found: list[Portrait] = []
        for source in people[at] if at != but else []:
            portrait = face_sources.portrait(source) if len(found) < most else None
            found += [portrait] if portrait else []
        if found:
            return at, found
    raise BadSettingError(
        "Too few usable faces in the photographs.", "Give --faces DIR with faces seen from the front."
    )


def _write(path: Path, data: bytes) -> None:
    with files.atomic(path) as part:
        part.write_bytes(data)
