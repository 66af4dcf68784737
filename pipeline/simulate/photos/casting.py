"""The faces on an application's photographs: the applicant's own, and a stranger's where one is planted.

They depend on the seed, the application and the person alone. An impostor has the applicant's group and sex where the
folder of faces names these: people who use another face choose one that looks like their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.domain.errors import BadSettingError
from pipeline.simulate import noise
from pipeline.simulate.photos import face_sources
from pipeline.simulate.photos.face_facts import Facts
from pipeline.simulate.photos.face_sources import Portrait, Source
from pipeline.simulate.photos.photo_job import Job

People = list[list[Source]]
#: Faults with which a selfie shows no face.
_NO_FACE = ("selfie_missing", "selfie_unreadable", "no_face")


class Photograph(NamedTuple):
    """A photograph that can be used, and the face in it."""

    source: Source
    face: Portrait


@dataclass(frozen=True)
class Cast:
    """The faces of one application."""

    own: list[Photograph]  # of the applicant, at most three: the register's first, the selfie's last
    stranger: Photograph | None
    rng: np.random.Generator  # of the selfie; some of its numbers are used already
    place: int  # of the applicant among the people

    @property
    def register(self) -> Photograph:
        """The applicant's photograph for the register."""
        return self.own[0]

    @property
    def selfie(self) -> Photograph:
        """The applicant's photograph for the selfie."""
        return self.own[-1]


@dataclass(frozen=True)
class Shown:
    """The facts that the truth table keeps: of the register's face, and of the selfie's (None: it shows no face)."""

    own: Facts
    selfie: Facts | None


class _Found(NamedTuple):
    """A person's place among the people, and their photographs."""

    place: int
    photographs: list[Photograph]


def face(seed: int, job: Job, people: People) -> int:
    """The place of the person whose face an applicant has. For the fault ``ears_hidden`` it is a person with ears."""
    owner = job.person if job.face is None else job.face
    [first] = noise.pick(seed, "face", [owner], len(people)).tolist()
    if job.source is not None:
        return job.source % len(people)
    if job.fault != "ears_hidden":
        return first
    return next((place for place in _from(first, len(people)) if people[place][0].ears), first)


def cast(seed: int, job: Job, people: People) -> Cast:
    """The faces of an application's photographs. Raises BadSettingError if too few people have usable photographs."""
    rng = np.random.default_rng([seed, job.number, 1])
    # The register's photograph and the selfie are two pictures, if the person has two. An application of the same
    # person under another number has a third.
    most = 3 if job.fault == "same_person" else 2
    place, own = _first_usable(people, _from(face(seed, job, people), len(people)), most)
    if job.fault not in ("face_mismatch", "several_faces"):
        return Cast(own, None, rng, place)
    alike = _alike(people, place) if job.fault == "face_mismatch" else []
    turn = int(rng.integers(len(alike) or len(people) - 1))
    order = [*alike[turn:], *alike[:turn], *_others(place + 1 + turn, place, len(people))]
    [stranger] = _first_usable(people, order, 1).photographs
    return Cast(own, stranger, rng, place)


def somebody_else(seed: int, number: int, place: int, people: People) -> Portrait:
    """The face on the card of another person. ``number``: of the application; ``place``: of its applicant."""
    [step] = noise.pick(seed, "card face", [number], len(people) - 1).tolist()
    [photograph] = _first_usable(people, _others(place + 1 + step, place, len(people)), 1).photographs
    return photograph.face


def shown(made: Cast, fault: str | None) -> Shown:
    """The facts of an application's faces."""
    own = made.register.source.facts
    if fault in _NO_FACE:
        return Shown(own, None)
    if fault == "face_mismatch" and made.stranger:
        return Shown(own, made.stranger.source.facts)
    return Shown(own, made.selfie.source.facts)


def _alike(people: People, place: int) -> list[int]:
    """The other people of a person's group and sex. Without one of that sex: those of the group. Empty if the group is
    not known."""
    facts = [photographs[0].facts for photographs in people]
    mine = facts[place]
    group = [n for n, other in enumerate(facts) if n != place and mine.group and other.group == mine.group]
    return [n for n in group if mine.sex and facts[n].sex == mine.sex] or group


def _from(first: int, count: int) -> Iterator[int]:
    """The places of all people, each once, from this one on."""
    return ((first + step) % count for step in range(count))


def _others(first: int, place: int, count: int) -> Iterator[int]:
    """The places of all people but one, from this one on."""
    return (other for other in _from(first % count, count) if other != place)


def _first_usable(people: People, order: Iterable[int], most: int) -> _Found:
    """The first person of an order with usable photographs, and at most ``most`` of these."""
    for place in order:
        found: list[Photograph] = []
        for source in people[place]:
            portrait = face_sources.portrait(source) if len(found) < most else None
            found += [Photograph(source, portrait)] if portrait else []
        if found:
            return _Found(place, found)
    raise BadSettingError(
        "Too few usable faces in the photographs.", "Give --faces DIR with faces seen from the front."
    )
