"""The three steps of a draw by a beacon, for one run: freeze the list, wait for the round, draw.

Brings the run's plan, the wave's key and the delivered round together. ``draw/`` defines what a list, a round and a
draw are.
"""

from __future__ import annotations

from datetime import datetime

from pipeline.domain.errors import BeaconAwaitedError
from pipeline.draw import beacon, frozen_list
from pipeline.draw.beacon import Beacon
from pipeline.draw.draw import COMMITMENT, DrawCounts
from pipeline.draw.ticket_draw import draw_tickets
from pipeline.storage import files
from pipeline.wave_run import manifest, opening, recorded
from pipeline.wave_run.plan import Plan


def freeze_list(run: Plan, now: datetime) -> int:
    """Freezes the list of a run of a wave with a beacon; returns its size, 0 for a wave with a seed."""
    if not run.wave.beacon:
        return 0
    key = opening.key_as_committed(run.store, run.wave)
    frozen = frozen_list.freeze(run.store, run.wave, key, _deliveries(run), now)
    commitment = opening.commitment_of(run.store, run.wave) or b""
    files.write_text(commitment.decode(), run.work / COMMITMENT)
    recorded.frozen(run)
    return frozen.size


def beacon_of(run: Plan, *, must: bool) -> Beacon | None:
    """The wave's round, verified; None while it is not there. ``must``: then raises BeaconAwaitedError.

    Raises BadBeaconError. A wave with a seed waits for nothing.
    """
    wave = run.wave
    if not wave.beacon:
        return Beacon("", 0, "", "")
    delivered = run.store.read(beacon.landing_key(wave))
    if delivered is not None:
        return beacon.read(wave, delivered)
    if must:
        chain, round_ = beacon.chain_of(wave), beacon.round_of(wave)
        raise BeaconAwaitedError(
            f"The list of wave {wave.number} is frozen. It waits for round {round_} of {chain.name}, due at "
            f"{chain.moment_of(round_):%Y-%m-%d %H:%M:%S} WIB; put it to "
            f"{run.store.address}/{beacon.landing_key(wave)}."
        )
    return None


def draw_by_beacon(run: Plan) -> DrawCounts:
    """Draws the frozen list by the wave's round. Raises BeaconAwaitedError, BadBeaconError, ListChangedError."""
    found = beacon_of(run, must=True)
    assert found is not None
    frozen = frozen_list.read_verified(run.store, run.wave)
    return draw_tickets(run.store, run.wave, frozen, found, opening.kk_limit(run.wave))


def _deliveries(run: Plan) -> dict[str, int]:
    """Files and sizes of what the list is made from: applications and extracts."""
    delivered = [*manifest.landed_below(run, "registrations", "reuploads"), *manifest.extracted(run)]
    return {run.store.key(path): path.stat().st_size for path in delivered}
