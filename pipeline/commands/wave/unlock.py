"""`gelombang unlock`: releases the wave lock of a run that has ended without doing so."""

from __future__ import annotations

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, WaveArgument
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.storage import paths, wave_lock


def unlock(wave: WaveArgument, data: DataOption = None) -> None:
    """Give a wave back whose run is no more; a run that still lives stops at its next task.

    Example: gelombang unlock 12
    """
    where = paths.Store.at(data or settings().data)
    found = where.calendar().wave(wave)
    holder = wave_lock.holder_of(where, found)
    if holder is None:
        say(f"Nobody holds wave {wave}.")
        return
    log.note(where, "unlocked", wave, {"run": holder.run, "since": holder.since})
    if wave_lock.release(where, found, holder.run):
        say(f"Wave {wave} was held by {holder}. It is free.")
