"""The draw of a simulated wave with a beacon, worked out from what was planted; and the beacon that is delivered to it.

Shares only the demonstration beacon itself with the pipeline's draw: the text of the contract ("The draw, second
form") once more, from the people instead of from the deliveries.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError
from pipeline.draw import beacon, demonstration
from pipeline.simulate.noise import I64
from pipeline.simulate.population import names
from pipeline.simulate.population.people import World
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.truth.planted_truth import WARNINGS, Known
from pipeline.storage.files import write_text
from pipeline.storage.paths import Store
from pipeline.wave_run.opening import key_as_committed, open_wave

_SHARED = 1 << WARNINGS.index("shared_nik")


def opened(plan: SimulationPlan, store: Store) -> bytes:
    """Opens a simulated wave; its key. Raises BadSettingError for a beacon that cannot be simulated."""
    if not beacon.chain_of(plan.wave).demonstration:
        raise BadSettingError(
            f"Wave {plan.wave.number} is drawn by {plan.wave.beacon}, whose rounds nobody can simulate.",
            'Set `beacon = "demonstration"` for the wave in calendar.toml.',
        )
    open_wave(store, plan.wave, datetime.now().astimezone())
    return key_as_committed(store, plan.wave)


def deliver(plan: SimulationPlan, store: Store) -> None:
    """Puts the demonstration beacon's round where the wave waits for it."""
    delivered = beacon.as_delivered(beacon.chain_of(plan.wave), beacon.round_of(plan.wave))
    write_text(delivered.decode(), store.root / beacon.landing_key(plan.wave))


def draws(plan: SimulationPlan, world: World, known: Known, clean: I64, key: bytes) -> NDArray[np.void]:
    """The draw of every application; of those who are not on the list (``clean``) nothing but zeros."""
    tickets = [hmac.new(key, text.encode(), "sha256").hexdigest() for text in _people(world, known, clean)]
    listed = [ticket for ticket, first in zip(tickets, known.priority[clean].tolist(), strict=True) if first]
    eligible, priority = (
        sha256("".join(f"{t}\n" for t in sorted(lines)).encode()).hexdigest() for lines in (tickets, listed)
    )
    randomness = sha256(demonstration.sign(beacon.round_of(plan.wave))).hexdigest()
    seed = sha256(f"gelombang/2:{plan.wave.key}:{eligible}:{priority}:{randomness}".encode()).hexdigest()
    found = np.zeros(known.size, dtype="V32")
    digests = b"".join(sha256(f"{seed}:{ticket}".encode()).digest() for ticket in tickets)
    found[clean] = np.frombuffer(digests, dtype="V32")
    return found


def _people(world: World, known: Known, clean: I64) -> list[str]:
    """What each ticket is made of: the NIK, where another person has it too also the register's name and birth date."""
    person, back = np.unique(known.person[clean], return_inverse=True)
    who = world.people(person)
    nik, name, born = who.nik[back], names.pool()[who.name][back], who.birth[back].astype("datetime64[D]")
    shared = (known.warnings[clean] & _SHARED) > 0
    whole = zip(nik.tolist(), name.tolist(), born.astype(str).tolist(), shared.tolist(), strict=True)
    return [f"{n:016d}|{called}|{day}" if twice else f"{n:016d}" for n, called, day, twice in whole]
