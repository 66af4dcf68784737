"""Rows of the other extracts: education, bansos, priority, blacklist. Touches no file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.simulate import noise
from pipeline.simulate.faults import BIT
from pipeline.simulate.noise import I64
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.registers.extract_rows import coded, rows
from pipeline.simulate.registers.registered_people import Registered
from pipeline.simulate.truth.planted_truth import listed

_PROGRAMMES = ("PKH", "BPNT", "BST", "BLT-DD", "BSU")
_REGISTERS = ("dapodik", "pddikti", "emis")
_LEVELS = ("SD", "SMP", "SMA", "SMK", "D3", "S1", "MI", "MTs", "MA")
_LISTS = ("Kemnaker", "BPJS Ketenagakerjaan", "Kemenparekraf", "Disnaker")
_WHY = ("tidak membeli pelatihan dalam 30 hari", "dicabut kepesertaannya", "data ganda")


def education(plan: SimulationPlan, register: Registered, *, stale: bool = False) -> pa.Table:
    """School and college: the young are in it, some of the others have left; who applies is in it only if planted.

    ``stale``: as it was when the older delivery was taken.
    """
    who, mask, applies = register.people, register.mask, register.applies
    seed, index, age = plan.seed, who.index, who.age
    u = noise.uniform(seed, "education", index)
    active = ((age >= 6) & (age < 18) & (u < 0.72)) | ((age >= 18) & (age < 24) & (u < 0.2))
    active = np.where(applies, mask & BIT["in_education"] > 0, active)
    past = (age >= 18) & (age < 40) & (u > 0.82) & ~active
    if stale:
        v = noise.uniform(seed, "education then", index)
        active, past = np.where(applies, v < 0.15, active & (v < 0.97)), past & (v < 0.97)
    twice = active & (noise.pick(seed, "education twice", index, 20) == 0)
    at = np.concatenate([np.flatnonzero(active | past), np.flatnonzero(twice)])
    second = np.arange(len(at)) >= len(at) - int(twice.sum())
    college = age[at] >= 18
    emis = (noise.pick(seed, "emis", index[at], 100) < 15) ^ second
    level = np.where(college, 4 + noise.pick(seed, "level", index[at], 2), np.clip((age[at] - 6) // 3 - 1, 0, 3))
    level = np.where(emis & ~college, 6 + np.clip((age[at] - 6) // 3 - 1, 0, 2), level)
    status = np.where(active[at], 0, 1 + (noise.pick(seed, "left", index[at], 4) == 0))
    return rows(
        plan, "education", who.nik[at],
        register=coded(np.where(emis, 2, college.astype(np.int64)), _REGISTERS),
        level=coded(level, _LEVELS),
        status=coded(status, ("active", "graduated", "left")),
    )  # fmt: skip


def bansos(plan: SimulationPlan, register: Registered, *, stale: bool = False) -> pa.Table:
    """Social assistance: about a third of the people, some of it over; who applies gets it only if planted.

    ``stale``: as it was when the older delivery was taken.
    """
    who, mask, applies = register.people, register.mask, register.applies
    seed, index = plan.seed, who.index
    u = noise.uniform(seed, "bansos", index)
    programmes = len(_PROGRAMMES) - (plan.wave.number < 4)  # the wage subsidy began in August 2020
    social = np.where(applies, mask & BIT["bansos_recipient"] > 0, u < 0.24)
    wage = np.where(applies, mask & BIT["bsu_recipient"] > 0, (u > 0.97) & (who.age >= 18)) & (programmes == 5)
    ended = (u > 0.3) & (u < 0.36) & ~social & ~wage
    twice = (noise.pick(seed, "bansos twice", index, 5) == 0) & social
    if stale:
        v = noise.uniform(seed, "bansos then", index)
        social, ended = np.where(applies, v < 0.2, social & (v < 0.97)), ended & (v < 0.97)
    at = np.concatenate([np.flatnonzero(which) for which in (social, wage, ended, twice)])
    kind = np.repeat(np.arange(4), [int(which.sum()) for which in (social, wage, ended, twice)])
    first = noise.pick(seed, "programme", index[at], 4)
    over = noise.pick(seed, "programme that ended", index[at], programmes)
    programme = np.select([kind == 0, kind == 1, kind == 2], [first, np.full(len(at), 4), over], (first + 1) % 4)
    return rows(
        plan, "bansos", who.nik[at],
        programme=coded(programme, _PROGRAMMES),
        status=coded((kind == 2).astype(np.int64), ("active", "ended")),
    )  # fmt: skip


def newly_assisted(plan: SimulationPlan, nik: I64) -> pa.Table:
    """Rows of people who receive an assistance for the first time."""
    return rows(plan, "bansos", nik, programme="BST", status="active")


def priority(plan: SimulationPlan, register: Registered) -> pa.Table:
    """The people who were laid off: all applicants among them, and one in twenty of the others.

    The others are there so that the list does not consist of applicants alone.
    """
    who = register.people
    others = noise.pick(plan.seed, "others", who.index, 20) == 0
    at = np.flatnonzero(listed(plan, who.index) & (register.applies | others))
    return rows(plan, "priority", who.nik[at], listed_by=coded(noise.pick(plan.seed, "by", who.index[at], 4), _LISTS))


def blacklist(plan: SimulationPlan, register: Registered) -> pa.Table:
    """The people who lost a place before. One in ten lost it on the closing day itself, which counts."""
    who = register.people
    chance = noise.pick(plan.seed, "blacklisted", who.index, 10_000) < 2
    at = np.flatnonzero(np.where(register.applies, register.mask & BIT["blacklisted"] > 0, chance))
    ago = noise.pick(plan.seed, "since", who.index[at], 300)
    closing = int(np.datetime64(plan.wave.closing_day, "D").astype(np.int64))
    since = closing - np.where(ago < 30, 0, ago)
    return rows(
        plan, "blacklist", who.nik[at],
        reason=coded(noise.pick(plan.seed, "why", who.index[at], len(_WHY)), _WHY),
        since=pa.array(since.astype("datetime64[D]")),
    )  # fmt: skip
