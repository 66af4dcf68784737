"""Whose faces stand on an application's photographs: the person's own, and a stranger's where one is planted.

A function of (seed, application, person) alone. An impostor is somebody of the applicant's own group and sex where the
folder of faces says what these are: whoever borrows a face borrows one that looks alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.domain.errors import BadSettingError
from pipeline.simulate import noise
from pipeline.simulate.photos import face_sources
from pipeline.simulate.photos.face_facts import Facts
from pipeline.simulate.photos.face_sources import Portrait, Source
from pipeline.simulate.photos.photo_job import Job

People = list[list[Source]]
Usable = tuple[Source, Portrait]
#: Faults after which no face of the applicant can be looked at.
_NO_FACE = ("selfie_missing", "selfie_unreadable", "no_face")


@dataclass(frozen=True)
class Cast:
    """``own`` photographs of the applicant's face, at most three: the register's first, the selfie's last;
    ``stranger`` or None. ``rng`` is the selfie's, as far as it was used here."""

    own: list[Usable]
    stranger: Usable | None
    rng: np.random.Generator
    at: int  # the applicant's place among the people


@dataclass(frozen=True)
class Shown:
    """What the truth keeps of an application's photographs: facts of the register's face and of the selfie's, the
    second None where the selfie shows none."""

    own: Facts
    selfie: Facts | None


def face(seed: int, job: Job, people: People) -> int:
    """Whose face an applicant has; whoever hides their ears has some to hide."""
    owner = job.person if job.face is None else job.face
    first = int(noise.pick(seed, "face", [owner], len(people))[0])
    if job.source is not None:
        return job.source % len(people)
    if job.fault != "ears_hidden":
        return first
    return next((at for at in _from(first, len(people)) if people[at][0].ears), first)


def cast(seed: int, job: Job, people: People) -> Cast:
    """The faces of an application's photographs. Raises BadSettingError if nobody usable is left."""
    rng = np.random.default_rng([seed, job.number, 1])
    # a register's photograph is not the selfie of the day, where the person has more than one; under another number
    # the person sends a third
    most = 3 if job.fault == "same_person" else 2
    at, own = _usable(people, _from(face(seed, job, people), len(people)), most)
    if job.fault not in ("face_mismatch", "several_faces"):
        return Cast(own, None, rng, at)
    alike = _alike(people, at) if job.fault == "face_mismatch" else []
    turn = int(rng.integers(len(alike) or len(people) - 1))
    rest = (other for other in _from((at + 1 + turn) % len(people), len(people)) if other != at)
    return Cast(own, _usable(people, [*alike[turn:], *alike[:turn], *rest], 1)[1][0], rng, at)


def somebody_else(seed: int, number: int, at: int, people: People) -> Portrait:
    """The face on somebody else's card, which application ``number`` of the person at ``at`` holds."""
    first = at + 1 + int(noise.pick(seed, "card face", [number], len(people) - 1)[0])
    return _usable(people, (other for other in _from(first % len(people), len(people)) if other != at), 1)[1][0][1]


def shown(made: Cast, fault: str | None) -> Shown:
    """What the truth keeps of it."""
    own = made.own[0][0].facts
    if fault in _NO_FACE:
        return Shown(own, None)
    if fault == "face_mismatch" and made.stranger:
        return Shown(own, made.stranger[0].facts)
    return Shown(own, made.own[-1][0].facts)


def _alike(people: People, at: int) -> list[int]:
    """Everybody else of one's own group, of one's own sex if there is anybody; nobody where the group is not known."""
    mine = people[at][0].facts
    group = [n for n, of in enumerate(people) if n != at and mine.group and of[0].facts.group == mine.group]
    return [n for n in group if mine.sex and people[n][0].facts.sex == mine.sex] or group


def _from(first: int, count: int) -> Iterator[int]:
    """Every person's place once, beginning with this one."""
    return ((first + step) % count for step in range(count))


def _usable(people: People, order: Iterable[int], most: int) -> tuple[int, list[Usable]]:
    """The first person of an order who has usable photographs, and at most so many of them."""
    for at in order:
        found: list[Usable] = []
        for source in people[at]:
            portrait = face_sources.portrait(source) if len(found) < most else None
            found += [(source, portrait)] if portrait else []
        if found:
            return at, found
    raise BadSettingError(
        "Too few usable faces in the photographs.", "Give --faces DIR with faces seen from the front."
    )
