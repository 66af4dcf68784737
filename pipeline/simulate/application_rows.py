"""Applications as people send them: the register's data, except for what was planted. Touches no file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.domain.contracts import REGISTRATIONS
from pipeline.simulate import faults, noise
from pipeline.simulate.applicants import Batch
from pipeline.simulate.faults import BIT, NEAR_MISS
from pipeline.simulate.noise import I64
from pipeline.simulate.population import names, spelling
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan

#: Serials that no register has: a well-formed NIK that no person has.
UNKNOWN_SERIAL = 5_000
_OPERATORS = (811, 812, 813, 821, 822, 852, 853, 856, 857, 858, 815, 816, 877, 878, 895, 896, 838)
_PREFIXES = np.array([f"0{operator}" for operator in _OPERATORS])
_HOSTS = np.array(["gmail.com"] * 4 + ["yahoo.com", "yahoo.co.id", "outlook.com", "ymail.com"])


def registration_ids(plan: SimulationPlan, number: I64) -> np.ndarray:
    """Ids of applications by their number."""
    return np.array([f"{plan.wave.number:04d}-{n:08d}" for n in number.tolist()], dtype=object)


def selfie_path(number: int, registration_id: str) -> str:
    """The path of an application's selfie below ``selfies/``, a thousand to a folder."""
    return f"{number // 1000:05d}/{registration_id}.jpg"


def table(plan: SimulationPlan, world: World, batch: Batch) -> pa.Table:
    """The batch's applications, as in the contract, whose only faults are planted codes."""
    seed, who, rows = plan.seed, batch.people, batch.rows
    person, mask = who.index, batch.mask
    number = batch.first_number + np.arange(len(rows))
    wrong = (mask & BIT["identity_mismatch"] > 0) & (mask & NEAR_MISS == 0)
    by = faults.mismatch_by(seed, person)
    way = np.where(
        noise.pick(seed, "own spelling", person, 3) == 0, 0, noise.pick(seed, "way", person, spelling.BENIGN)
    )
    near = mask & NEAR_MISS > 0
    way = np.where(wrong & (by == 0), spelling.OTHER, np.where(near, spelling.NEAR_MISS, way))
    way = np.where(near & ~names.long_enough()[who.name], spelling.OTHER, way)  # too short to be recognised by the rest
    shift = 1 + noise.pick(seed, "wrong date", person, 400)
    birth = np.where(wrong & (by == 1), who.birth + shift, who.birth)
    kk = np.where(wrong & (by == 2), who.kk + 5 + noise.pick(seed, "wrong kk", person, 900), who.kk)
    nik = who.nik + np.where(mask & BIT["nik_unknown"] > 0, UNKNOWN_SERIAL, 0)
    ids = registration_ids(plan, number)
    text = nik.astype("U16").astype(object)
    for place in np.flatnonzero(mask & BIT["nik_malformed"]):
        text[place] = _spoilt(str(text[place]), int(noise.pick(seed, "spoilt", person[place : place + 1], 7)[0]))
    home = np.array(world.regions.provinces, dtype=object)
    columns = {
        "registration_id": ids,
        "submitted_at": batch.submitted.astype("datetime64[s]").astype("datetime64[us]"),
        "nik": text[rows],
        "kk": kk.astype("U16").astype(object)[rows],
        "full_name": spelling.written(who.name, way)[rows],
        "birth_date": birth.astype("datetime64[D]")[rows],
        "sex": np.where(who.woman, "P", "L").astype(object)[rows],
        "phone": _phones(seed, person)[rows],
        "phone_verified": batch.row_mask & BIT["phone_unverified"] == 0,
        "email": _emails(plan, who.name, person)[rows],
        "email_verified": batch.row_mask & BIT["email_unverified"] == 0,
        "province_code": home[who.province][rows],
        "selfie": np.array(
            [f"{n // 1000:05d}/{i}.jpg" for n, i in zip(number.tolist(), ids, strict=True)], dtype=object
        ),
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in REGISTRATIONS], schema=REGISTRATIONS)


def _spoilt(nik: str, how: int) -> str | None:
    """A NIK with an error of a list or of typing."""
    return (
        nik[:-1],  # a digit lost
        f"{nik[:6]}{nik[7:]}",
        f"{nik[0]}.{nik[1:5]}E+15",  # what a spreadsheet shows
        f"{nik}{nik[-1]}",
        f"{nik[:5]}O{nik[6:]}",  # a letter for a zero
        "-",
        None,
    )[how]


def _phones(seed: int, person: I64) -> np.ndarray:
    prefix = _PREFIXES[noise.pick(seed, "operator", person, len(_PREFIXES))]
    rest = (10_000_000 + noise.pick(seed, "phone", person, 90_000_000)).astype("U8")
    return np.char.add(prefix, rest).astype(object)


def _emails(plan: SimulationPlan, name: I64, person: I64) -> np.ndarray:
    local = spelling.written(name, np.zeros_like(name))
    host = _HOSTS[noise.pick(plan.seed, "host", person, len(_HOSTS))]
    tail = noise.pick(plan.seed, "mail", person, 9_999)
    return np.array(
        [f"{n.lower().replace(' ', '.').replace('..', '.')}{t}@{h}" for n, t, h in zip(local, tail, host, strict=True)],
        dtype=object,
    )
