"""`gelombang open`: a wave's key and terms, committed to before anybody registers."""

from __future__ import annotations

from datetime import datetime

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, WaveArgument
from pipeline.domain.settings import settings
from pipeline.storage.paths import Store


def open_(wave: WaveArgument, data: DataOption = None) -> None:
    """Open a wave that is drawn by a beacon: make its key, and publish what nobody can change afterwards.

    Example: gelombang open 13
    """
    from pipeline.wave_run.opening import commitment_key, open_wave

    store = Store.at(data or settings().data)
    found = store.calendar().wave(wave)
    record, new = open_wave(store, found, datetime.now().astimezone())
    if record.get("demonstration"):
        say("A demonstration: everybody can compute this beacon. Not for people who exist.", err=True)
    done = "is open" if new else "was opened before, with the same terms"
    say(
        f"Wave {wave} {done}: {record['quota']:,} places, drawn by round {record['round']} of {record['beacon']}, "
        f"due at {record['round_at']}. "
        f"Published: {store.address}/{commitment_key(found)}."
    )
    if new:
        say("Keep a copy of the wave's key, below GELOMBANG_SECRETS: without it nobody has a ticket.", err=True)
