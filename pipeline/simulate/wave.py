"""Simulates one wave: applications first, then the registers they are compared with, then the photographs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.contracts import EXTRACTS, TEXT_LIST
from pipeline.domain.errors import BadSettingError
from pipeline.domain.wave_keys import wave_key
from pipeline.simulate import (
    applicants,
    application_rows,
    beacon_truth,
    earlier,
    faults,
    landing,
    noise,
    planted_truth,
    registers,
    shared_faces,
)
from pipeline.simulate.between import changes
from pipeline.simulate.between.past import ACCEPTED, Past, endings
from pipeline.simulate.faults import BIT, CODES, SELFIE_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.casting import Shown
from pipeline.simulate.photos.photo_job import Job
from pipeline.simulate.photos.photographs import Rendered
from pipeline.simulate.planted_truth import Known
from pipeline.simulate.population import regions
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.files import fresh, write_json, write_table
from pipeline.storage.paths import Store

PHOTOS = ("drawn", "eligible", "all", "none")
#: Photographs are numbered through a country, so many to a wave.
EACH_WAVE = 100_000_000
_ACCEPTED_BEFORE = 300  # people of the wave before who do not come back

TRUTH = pa.schema(
    [
        ("registration_id", pa.string()),
        ("nik", pa.string()),
        ("planted", TEXT_LIST),
        ("expected", TEXT_LIST),
        ("expected_warnings", TEXT_LIST),
        ("selfie_planted", TEXT_LIST),
        ("hijab", pa.bool_()),
        ("photo_delivered", pa.bool_()),
        # of the faces that were rendered from: null without a photograph, or where nobody says
        ("selfie_shows", TEXT_LIST),  # defects that the source of the selfie shows by itself
        ("reference_group", pa.string()),
        ("reference_sex", pa.string()),
        ("selfie_group", pa.string()),
        ("selfie_sex", pa.string()),
    ]
)


@dataclass(frozen=True)
class Photographs:
    """Which photographs are wanted, and of whom; arrays have one entry per application."""

    wanted: np.ndarray  # bool: files are delivered
    turn: I64  # place in the draw, from 0, where only the drawn send any
    fault: np.ndarray  # place in SELFIE_CODES, or -1
    person: I64
    odd_year: np.ndarray  # bool: born in an odd year
    face: I64  # the person whose face it is: another's where one person is planted under several numbers
    copy_of: I64  # the application whose picture is sent again, or -1


NOTHING_BEFORE = Past()


@dataclass(frozen=True)
class Simulated:
    """What came out, for the terminal and ``simulated.json``."""

    registrations: int
    people: int
    expected_eligible: int
    extracts: dict[str, int]
    hostile: dict[str, int]
    photographs: Photographs
    truth: pa.Table
    past: Past = NOTHING_BEFORE  # what the next wave of the country knows


def simulate_wave(
    plan: SimulationPlan, store: Store, photos: str, workers: int = 1, past: Past = NOTHING_BEFORE
) -> Simulated:
    """Writes everything of a wave but its photographs and, so that nothing looks finished before it is, the truth.

    ``past``: what a country remembers of its waves before this one.

    Raises BadSettingError for a population too small, or where data lie that this did not make.
    """
    _make_room(plan, store)
    key = beacon_truth.opened(plan, store) if plan.wave.beacon else b""
    world = World(plan.seed, plan.population, regions.load(plan.seed), plan.wave.closing_day, past.first_day, past.step)
    past = changes.pass_time(plan.seed, past)
    known, niks, hostile, kin = _applications(plan, world, store, past)
    if plan.wave.beacon:
        clean = np.flatnonzero(planted_truth.before_the_draw(plan, known) == 0)
        known.draw = beacon_truth.draws(plan, world, known, clean, key)
    person, first = np.unique(known.person, return_index=True)
    mask = known.person_mask[first]
    fault = faults.selfie(plan.seed, plan.selfie, known.person)
    accepted = person[mask & BIT["already_accepted"] > 0]
    fillers = noise.pick(plan.seed, "accepted before", np.arange(_ACCEPTED_BEFORE), plan.population)
    accepted = np.concatenate([accepted, kin, np.setdiff1d(fillers, person)])
    if past.step:
        accepted = past.accepted
    elif plan.wave.number == 1:
        accepted = accepted[:0]
    else:
        earlier.write(plan, world, accepted, store)
    expected = planted_truth.expected(plan, known, world.people(np.unique(accepted)).kk)
    wanted, turn = _wanted(plan, known, expected, photos)
    shared = shared_faces.plant(plan.seed, wanted, turn, fault, known.person, faces=plan.wave.same_person == "check")
    no_reference = SELFIE_CODES.index("reference_missing")
    has_photo = (fault[first] != no_reference) & (photos != "none")
    everyone = registers.Applied(
        *changes.for_the_registers(past, person, mask, has_photo),
        past.person,
        first=past.step == 0,
        last=past.step == past.steps - 1,
    )
    rows = registers.write(plan, world, everyone, store, workers)
    now = past
    if past.step + 1 < past.steps:
        sent = fault if photos != "none" else np.full(known.size, -1)
        now = _remembered(plan, past, known, everyone, expected, sent, shared, accepted)
    return Simulated(
        registrations=known.size,
        people=len(person),
        expected_eligible=int((expected == 0).sum()),
        extracts=rows,
        hostile=hostile,
        photographs=Photographs(wanted, turn, fault, known.person, known.odd_year, shared.face, shared.copy_of),
        truth=_truth(plan, known, niks, expected, _planted(fault, wanted, photos) | shared.planted, wanted),
        past=now,
    )


def _remembered(
    plan: SimulationPlan,
    past: Past,
    known: Known,
    everyone: registers.Applied,
    expected: I64,
    fault: I64,
    shared: shared_faces.Shared,
    accepted: I64,
) -> Past:
    """What the next wave of the country knows: of several applications of one person the one that stands.

    ``accepted``: who has a place of an earlier wave.
    """
    order = planted_truth.draw_order(known, np.flatnonzero(expected == 0))
    ended = endings(expected, order, fault, shared.planted, plan.quota, plan.margin)
    duplicate = known.planted & BIT["duplicate_application"] > 0
    by_person = np.lexsort((duplicate, known.person))
    person, first = np.unique(known.person[by_person], return_index=True)
    stands = by_person[first]
    photo = everyone.photo[np.isin(everyone.person, person)]
    now = Past(
        person=person,
        mask=known.person_mask[stands],
        photo=photo,
        ended=ended[stands],
        number=stands,
        wave=np.full(len(person), plan.wave.number),
    )
    return past.with_wave(now, np.union1d(accepted, person[ended[stands] == ACCEPTED]))


def _make_room(plan: SimulationPlan, store: Store) -> None:
    """Removes an earlier simulation of this wave. Raises BadSettingError rather than remove anything else."""
    landed = store.landing(plan.wave, "")
    marker = store.landing(plan.wave, "simulated.json")
    before = store.published(wave_key(plan.wave.number - 1))
    extracts = [registers.delivery(store, name, registers.asof(plan, name)) for name in EXTRACTS]
    for found in (landed / "registrations", before, *extracts):
        if found.exists() and not marker.is_file():
            raise BadSettingError(f"{found} is there already and was not simulated.", "Give another data root.")
    if plan.wave.beacon:  # what was committed to and frozen of the wave that is made anew
        (store.published(plan.wave.key) / "commitment.json").unlink(missing_ok=True)
        shutil.rmtree(store.published(plan.wave.key) / "list", ignore_errors=True)
    truth_path(plan, store).unlink(missing_ok=True)
    write_json({"unfinished": True}, marker)
    for what in ("registrations", "selfies"):
        fresh(store.landing(plan.wave, what))


def _applications(
    plan: SimulationPlan, world: World, store: Store, past: Past
) -> tuple[Known, pa.ChunkedArray, dict[str, int], I64]:
    """Writes the registrations: what to remember of them, their NIKs, rubbish lines, relatives accepted before."""
    known: list[Known] = []
    niks: list[pa.ChunkedArray] = []
    kin: list[I64] = []
    missing = SELFIE_CODES.index("selfie_missing")
    with landing.Landing(store.landing(plan.wave, "registrations")) as out:
        for batch, relatives in applicants.applications(plan, world, past):
            table = application_rows.table(plan, world, batch)
            fault = faults.selfie(plan.seed, plan.selfie, batch.people.index)[batch.rows]
            blank = (fault == missing) & (batch.people.index[batch.rows] % 2 == 0)  # else only the file is not there
            at = table.schema.get_field_index("selfie")
            table = table.set_column(
                at, "selfie", pc.if_else(pa.array(~blank), table.column(at), pa.scalar(None, pa.string()))
            )
            out.write(plan.seed, table, batch)
            known.append(planted_truth.know(plan, world, batch))
            niks.append(table.column("nik"))
            kin.append(relatives.index)
        hostile = {problem: n for problem, n in out.hostile.items() if not problem.startswith("in ")}
    joined = Known(**{f.name: np.concatenate([getattr(k, f.name) for k in known]) for f in fields(Known)})
    return joined, pa.chunked_array([chunk for nik in niks for chunk in nik.chunks]), hostile, np.concatenate(kin)


def _wanted(plan: SimulationPlan, known: Known, expected: I64, photos: str) -> tuple[np.ndarray, I64]:
    """Whose photographs are delivered, and in which order they are needed."""
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


def _planted(fault: np.ndarray, wanted: np.ndarray, photos: str) -> I64:
    """Bits of SELFIE_CODES for what is wrong with each single photograph; who shares one is planted elsewhere."""
    alone = np.where(np.isin(fault, (shared_faces.SAME, shared_faces.REUSED)), -1, fault)
    seen = np.where(wanted, alone, -1 if photos == "none" else SELFIE_CODES.index("selfie_missing"))
    return np.where(seen >= 0, 1 << np.maximum(seen, 0), 0)


def _truth(
    plan: SimulationPlan, known: Known, niks: pa.ChunkedArray, expected: I64, bits: I64, wanted: np.ndarray
) -> pa.Table:
    return pa.table(
        {
            "registration_id": application_rows.registration_ids(plan, np.arange(known.size)),
            "nik": niks,
            "planted": planted_truth.texts(known.planted | (expected & BIT["kk_limit"]), CODES),
            "expected": planted_truth.texts(expected, CODES),
            "expected_warnings": planted_truth.texts(known.warnings, planted_truth.WARNINGS),
            "selfie_planted": planted_truth.texts(bits, SELFIE_CODES),
            "hijab": pa.nulls(known.size, pa.bool_()),
            "photo_delivered": wanted,
            **{name: pa.nulls(known.size, TRUTH.field(name).type) for name in TRUTH.names[-5:]},
        }
    )


def _with_faces(truth: pa.Table, shown: Mapping[int, Shown]) -> pa.Table:
    """The truth with what is known of the faces that were rendered from; ``shown`` by number of the application."""
    columns: dict[str, list[Any]] = {name: [None] * truth.num_rows for name in TRUTH.names[-5:]}
    for job, faces in shown.items():
        number = job % EACH_WAVE
        if number >= truth.num_rows:  # a new photograph for an application of an earlier wave
            continue
        columns["reference_group"][number], columns["reference_sex"][number] = faces.own.group, faces.own.sex
        if faces.selfie is None:
            columns["selfie_shows"][number] = []  # no face, so no defect either
            continue
        columns["selfie_shows"][number] = faces.selfie.shows
        columns["selfie_group"][number], columns["selfie_sex"][number] = faces.selfie.group, faces.selfie.sex
    for name, values in columns.items():
        field = TRUTH.field(name)
        truth = truth.set_column(truth.schema.get_field_index(name), field, pa.array(values, field.type))
    return truth


def truth_path(plan: SimulationPlan, store: Store) -> Path:
    """Where the truth lies; ``simulated.json`` beside it."""
    return store.landing(plan.wave, "truth.parquet")


def photograph_jobs(
    plan: SimulationPlan, store: Store, wanted: Photographs, before: int = 0, sources: dict[int, int] | None = None
) -> list[Job]:
    """What is to be rendered: one job per application, the register's photograph with the first of a person.

    ``before``: how many waves the country had before; two waves have no picture in common. ``sources``: whose face
    comes from which source, added to.
    """
    numbers = np.flatnonzero(wanted.wanted)
    ids = application_rows.registration_ids(plan, numbers)
    person = wanted.person[numbers]
    first = np.zeros(len(numbers), dtype=bool)
    first[np.unique(person, return_index=True)[1]] = True
    selfies, photos = store.landing(plan.wave, "selfies"), store.extract("photos")
    apart = _apart(wanted, numbers, {} if sources is None else sources) if plan.wave.same_person == "check" else {}
    jobs: list[Job] = []
    for k, number in enumerate(numbers.tolist()):
        fault = int(wanted.fault[number])
        code = SELFIE_CODES[fault] if fault >= 0 else None
        face, copied = int(wanted.face[number]), int(wanted.copy_of[number])
        has_reference = first[k] and code != "reference_missing"
        jobs.append(
            Job(
                number=number + before * EACH_WAVE,
                turn=int(wanted.turn[number]),
                person=int(person[k]),
                face=face,
                source=apart.get(face),
                copy_of=copied + before * EACH_WAVE if copied >= 0 else None,
                odd_year=bool(wanted.odd_year[number]),
                fault=code,
                selfie=selfies / application_rows.selfie_path(number, str(ids[k])),
                reference=photos / registers.photo_paths(person[k : k + 1])[0] if has_reference else None,
            )
        )
    return jobs


def _apart(wanted: Photographs, numbers: I64, sources: dict[int, int]) -> dict[int, int]:
    """A number for each face, in the order in which they are needed: no two of them are one source's."""
    for face in wanted.face[numbers[np.lexsort((numbers, wanted.turn[numbers]))]].tolist():
        sources.setdefault(face, len(sources))
    return sources


def record(plan: SimulationPlan, store: Store, done: Simulated, rendered: Rendered) -> None:
    """Writes the truth, and ``simulated.json``: what was asked for, what came out, how many lines are rubbish."""
    by_fault = {fault or "none": n for fault, n in sorted(rendered.counts.items())}
    value = {
        "options": plan.options,
        "wave": plan.wave.number,
        "draw_seed": plan.wave.seed,
        "registrations": done.registrations,
        "people": done.people,
        "expected_eligible": done.expected_eligible,
        "extracts": {name: {"asof": registers.asof(plan, name), "rows": n} for name, n in done.extracts.items()},
        "set_aside": {"total": sum(done.hostile.values()), **done.hostile},
        "photographs": {"applications": rendered.counts.total(), **by_fault},
    }
    if plan.wave.beacon:
        beacon_truth.deliver(plan, store)
    write_json(value, truth_path(plan, store).with_name("simulated.json"))
    write_table(_with_faces(done.truth, rendered.shown), truth_path(plan, store), TRUTH)
