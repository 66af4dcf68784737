"""Which applications of a simulated wave have photographs, and what is to be rendered for them. Touches no file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.simulate import application_rows, planted_cards, shared_faces
from pipeline.simulate.faults import SELFIE_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.photo_job import EACH_WAVE, Job
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers.registered_people import photo_path
from pipeline.simulate.truth import planted_truth
from pipeline.simulate.truth.planted_truth import Known
from pipeline.storage.paths import Store

PHOTOS = ("drawn", "eligible", "all", "none")


@dataclass(frozen=True)
class Rendering:
    """How photographs are made: of whom (one of ``PHOTOS``), from which folder of faces (None: the packaged ones), and
    by how many processes."""

    photos: str
    faces: Path | None
    workers: int


@dataclass(frozen=True)
class Photographs:
    """The photographs that are wanted. Arrays have one entry per application."""

    wanted: np.ndarray  # bool: files are delivered
    turn: I64  # place in the draw, from 0, where only the drawn send any
    fault: np.ndarray  # place in SELFIE_CODES, or -1
    person: I64
    odd_year: np.ndarray  # bool: born in an odd year
    face: I64  # the person whose face it is: another's where one person is planted under several numbers
    copy_of: I64  # the application whose picture is sent again, or -1
    card: I64  # place in planted_cards.KINDS, or -1: the wave looks at no cards
    card_number: I64  # the number on the card, or -1


def delivered(plan: SimulationPlan, known: Known, expected: I64, photos: str) -> tuple[np.ndarray, I64]:
    """The applications whose photographs are delivered, and the order in which these are needed. ``photos``: one of
    PHOTOS."""
    wanted, turn = np.zeros(known.size, dtype=bool), np.zeros(known.size, dtype=np.int64)
    eligible = np.flatnonzero(expected == 0)
    if photos == "all":
        wanted[:] = True
    elif photos == "eligible":
        wanted[eligible] = True
    elif photos == "drawn":
        drawn = planted_truth.draw_order(known, eligible)[: int(np.ceil(plan.quota * plan.margin))]
        wanted[drawn], turn[drawn] = True, np.arange(len(drawn))
    return wanted, turn


def planted_alone(fault: np.ndarray, wanted: np.ndarray, photos: str) -> I64:
    """Bits of SELFIE_CODES for what is wrong with each single photograph; shared_faces has those of pairs."""
    alone = np.where(np.isin(fault, (shared_faces.SAME, shared_faces.REUSED)), -1, fault)
    seen = np.where(wanted, alone, -1 if photos == "none" else SELFIE_CODES.index("selfie_missing"))
    return np.where(seen >= 0, 1 << np.maximum(seen, 0), 0)


def photograph_jobs(
    plan: SimulationPlan, store: Store, asked: Photographs, before: int = 0, sources: dict[int, int] | None = None
) -> list[Job]:
    """What is to be rendered: one job per application, the register's photograph with the first of a person.

    ``before``: how many waves the country had before; two waves have no picture in common. ``sources``: the source of
    each face, where no two people may share one; new faces are added to it.
    """
    numbers = np.flatnonzero(asked.wanted)
    ids = application_rows.registration_ids(plan, numbers)
    first = np.zeros(len(numbers), dtype=bool)
    first[np.unique(asked.person[numbers], return_index=True)[1]] = True
    sources = {} if sources is None else sources
    compared = plan.wave.same_person == "check"
    if compared:
        _add_sources(asked, numbers, sources)
    selfies, photos = store.landing(plan.wave, "selfies"), store.extract("photos")
    jobs: list[Job] = []
    for number, registration_id, is_first in zip(numbers.tolist(), ids.tolist(), first.tolist(), strict=True):
        fault = int(asked.fault[number])
        code = SELFIE_CODES[fault] if fault >= 0 else None
        person, face, copied = int(asked.person[number]), int(asked.face[number]), int(asked.copy_of[number])
        has_reference = is_first and code != "reference_missing"
        jobs.append(
            Job(
                number=number + before * EACH_WAVE,
                turn=int(asked.turn[number]),
                person=person,
                face=face,
                source=sources.get(face) if compared else None,
                copy_of=copied + before * EACH_WAVE if copied >= 0 else None,
                odd_year=bool(asked.odd_year[number]),
                fault=code,
                selfie=selfies / application_rows.selfie_path(number, registration_id),
                reference=photos / photo_path(person) if has_reference else None,
                card=planted_cards.held(int(asked.card[number]), int(asked.card_number[number])),
            )
        )
    return jobs


def _add_sources(asked: Photographs, numbers: I64, sources: dict[int, int]) -> None:
    """Gives each new face the next source, in the order in which the photographs are needed."""
    in_turn = numbers[np.lexsort((numbers, asked.turn[numbers]))]
    for face in asked.face[in_turn].tolist():
        sources.setdefault(face, len(sources))
