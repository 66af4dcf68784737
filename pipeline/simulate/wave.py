"""Simulates one wave: applications first, then the registers they are compared with; what is to be photographed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.contracts import EXTRACTS
from pipeline.domain.errors import BadSettingError
from pipeline.domain.wave_keys import wave_key
from pipeline.simulate import (
    applicants,
    application_rows,
    earlier,
    faults,
    landing,
    noise,
    planted_cards,
    shared_faces,
    wanted_photographs,
)
from pipeline.simulate.applicants import Batch
from pipeline.simulate.between import changes
from pipeline.simulate.between.past import ACCEPTED, Past, endings
from pipeline.simulate.faults import BIT, SELFIE_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.population import regions
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers import delivery_dates, write_registers
from pipeline.simulate.registers.registered_people import Applied
from pipeline.simulate.simulated import NOTHING_BEFORE, Simulated
from pipeline.simulate.truth import beacon_truth, planted_truth
from pipeline.simulate.truth.planted_truth import Known
from pipeline.simulate.truth.truth_table import truth_path, truth_table
from pipeline.simulate.wanted_photographs import Photographs
from pipeline.storage.files import fresh, write_json
from pipeline.storage.paths import Store

_ACCEPTED_BEFORE = 300  # people of the wave before who do not come back


@dataclass(frozen=True)
class _Applications:
    """What is remembered of the applications once they are written."""

    known: Known
    niks: pa.ChunkedArray  # as the applications have them
    hostile: dict[str, int]  # broken lines, by what is wrong with them
    relatives: I64  # relatives of applicants who were accepted before, by place in the population


def simulate_wave(
    plan: SimulationPlan, store: Store, photos: str, workers: int = 1, past: Past = NOTHING_BEFORE
) -> Simulated:
    """Writes everything of a wave but its photographs and the truth.

    The truth comes last (``simulated.record``), so that nothing looks finished before it is. ``photos``: one of
    ``wanted_photographs.PHOTOS``. ``past``: what a country remembers of its waves before this one.

    Raises BadSettingError for a population too small, or where there are data that the simulator did not make.
    """
    _make_room(plan, store)
    key = beacon_truth.opened(plan, store) if plan.wave.beacon else b""
    country = regions.load(plan.seed)
    day = plan.wave.closing_day
    world = World(plan.seed, plan.population, country, day, first_day=past.first_day, step=past.step)
    past = changes.pass_time(plan.seed, past)
    applications = _applications(plan, world, store, past)
    known = applications.known
    if plan.wave.beacon:
        clean = np.flatnonzero(planted_truth.before_the_draw(plan, known) == 0)
        known.draw = beacon_truth.draws(plan, world, known, clean, key)
    accepted = _accepted_before(plan, known, applications.relatives, past)
    if not past.step and plan.wave.number > 1:
        earlier.write(plan, world, accepted, store)
    expected = planted_truth.expected(plan, known, world.people(np.unique(accepted)).kk)
    fault = faults.selfie(plan.seed, plan.selfie, known.person)
    wanted, turn = wanted_photographs.delivered(plan, known, expected, photos)
    faces = plan.wave.same_person == "check"
    shared = shared_faces.plant(plan.seed, wanted, turn, fault, known.person, faces=faces)
    cards = planted_cards.plant(
        plan, world, known.person, wanted=wanted, turn=turn, fault=fault, copy_of=shared.copy_of
    )
    applied = _applied(known, fault, past, photographed=photos != "none")
    rows = write_registers.write(plan, world, applied, store, workers)
    now = past
    if past.step + 1 < past.steps:
        sent = fault if photos != "none" else np.full(known.size, -1)
        ended = _endings(plan, known, expected, sent, shared.planted | (cards.planted & planted_cards.DIFFERS))
        now = _remembered(plan, past, known, applied, ended=ended, accepted=accepted)
    planted = wanted_photographs.planted_alone(fault, wanted, photos) | shared.planted | cards.planted
    return Simulated(
        registrations=known.size,
        people=len(np.unique(known.person)),
        expected_eligible=int((expected == 0).sum()),
        extracts=rows,
        hostile=applications.hostile,
        photographs=Photographs(
            wanted, turn, fault, known.person, known.odd_year, shared.face, shared.copy_of, cards.kind, cards.number
        ),
        truth=truth_table(plan, known, applications.niks, expected=expected, selfie_planted=planted, wanted=wanted),
        past=now,
    )


def _make_room(plan: SimulationPlan, store: Store) -> None:
    """Removes an earlier simulation of this wave. Raises BadSettingError rather than remove anything else."""
    landed = store.landing(plan.wave, "")
    marker = store.landing(plan.wave, "simulated.json")
    before = store.published(wave_key(plan.wave.number - 1))
    extracts = [delivery_dates.delivery(store, name, delivery_dates.asof(plan, name)) for name in EXTRACTS]
    for found in (landed / "registrations", before, *extracts):
        if found.exists() and not marker.is_file():
            raise BadSettingError(f"{found} is there already and was not simulated.", "Give another data root.")
    if plan.wave.beacon:  # what was committed to and frozen of the wave that is simulated before
        (store.published(plan.wave.key) / "commitment.json").unlink(missing_ok=True)
        shutil.rmtree(store.published(plan.wave.key) / "list", ignore_errors=True)
    truth_path(plan, store).unlink(missing_ok=True)
    write_json({"unfinished": True}, marker)
    for what in ("registrations", "selfies"):
        fresh(store.landing(plan.wave, what))


def _applications(plan: SimulationPlan, world: World, store: Store, past: Past) -> _Applications:
    """Writes the registrations."""
    known: list[Known] = []
    niks: list[pa.ChunkedArray] = []
    relatives: list[I64] = []
    with landing.Landing(store.landing(plan.wave, "registrations")) as out:
        for batch, kin in applicants.applications(plan, world, past):
            table = _without_some_selfies(plan, application_rows.table(plan, world, batch), batch)
            out.write(plan.seed, table, batch)
            known.append(planted_truth.know(plan, world, batch))
            niks.append(table.column("nik"))
            relatives.append(kin.index)
        hostile = {problem: n for problem, n in out.hostile.items() if not problem.startswith("in ")}
    return _Applications(
        known=Known(**{f.name: np.concatenate([getattr(k, f.name) for k in known]) for f in fields(Known)}),
        niks=pa.chunked_array([chunk for nik in niks for chunk in nik.chunks]),
        hostile=hostile,
        relatives=np.concatenate(relatives),
    )


def _without_some_selfies(plan: SimulationPlan, table: pa.Table, batch: Batch) -> pa.Table:
    """Of the applications whose selfie is missing, half name none; the others name a file that is not there."""
    person = batch.people.index
    fault = faults.selfie(plan.seed, plan.selfie, person)[batch.rows]
    blank = (fault == SELFIE_CODES.index("selfie_missing")) & (person[batch.rows] % 2 == 0)
    at = table.schema.get_field_index("selfie")
    selfie = pc.if_else(pa.array(~blank), table.column(at), pa.scalar(None, pa.string()))
    return table.set_column(at, "selfie", selfie)


def _accepted_before(plan: SimulationPlan, known: Known, relatives: I64, past: Past) -> I64:
    """People with a place of an earlier wave, by place in the population."""
    if past.step:
        return past.accepted
    if plan.wave.number == 1:
        return np.zeros(0, np.int64)
    person, first = np.unique(known.person, return_index=True)
    planted = person[known.person_mask[first] & BIT["already_accepted"] > 0]
    fillers = noise.pick(plan.seed, "accepted before", np.arange(_ACCEPTED_BEFORE), plan.population)
    return np.concatenate([planted, relatives, np.setdiff1d(fillers, person)])


def _applied(known: Known, fault: I64, past: Past, *, photographed: bool) -> Applied:
    """Everyone whom the registers must treat as planned. ``photographed``: the register has photographs."""
    person, first = np.unique(known.person, return_index=True)
    has_photo = (fault[first] != SELFIE_CODES.index("reference_missing")) & photographed
    return Applied(
        *changes.for_the_registers(past, person, known.person_mask[first], has_photo),
        before=past.person,
        first=past.step == 0,
        last=past.step == past.steps - 1,
    )


def _endings(plan: SimulationPlan, known: Known, expected: I64, fault: I64, planted: I64) -> I64:
    """How each application is foreseen to end. ``planted``: what a person must look at."""
    order = planted_truth.draw_order(known, np.flatnonzero(expected == 0))
    return endings(expected, order, fault, planted, quota=plan.quota, margin=plan.margin)


def _remembered(plan: SimulationPlan, past: Past, known: Known, applied: Applied, *, ended: I64, accepted: I64) -> Past:
    """What the next wave of the country knows: of several applications of one person the one that counts.

    ``accepted``: who has a place of an earlier wave.
    """
    duplicate = known.planted & BIT["duplicate_application"] > 0
    by_person = np.lexsort((duplicate, known.person))
    person, first = np.unique(known.person[by_person], return_index=True)
    number = by_person[first]
    now = Past(
        person=person,
        mask=known.person_mask[number],
        photo=applied.photo[np.isin(applied.person, person)],
        ended=ended[number],
        number=number,
        wave=np.full(len(person), plan.wave.number),
    )
    return past.with_wave(now, np.union1d(accepted, person[ended[number] == ACCEPTED]))
