"""`gelombang unlock`: releases the wave lock of a run that has ended without doing so."""

from __future__ import annotations

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, language_of
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.reports.language.labels import label
from pipeline.storage import paths, wave_lock


def unlock(wave: WaveArgument, *, data: DataOption = None, language: LanguageOption = None) -> None:
    """Give a wave back whose run is no more; a run that still lives stops at its next task.

    Example: gelombang unlock 12
    """
    spoken = language_of(language)
    store = paths.Store.at(data or settings().data)
    found = store.calendar().wave(wave)
    holder = wave_lock.holder_of(store, found)
    if holder is None:
        say(label("held.nobody", spoken, wave=str(wave)))
        return
    log.note(store, "unlocked", wave, {"run": holder.run, "since": holder.since})
    if wave_lock.release(store, found, holder.run):
        say(label("held.freed", spoken, wave=str(wave), holder=holder.run, since=holder.since))
        if holder.alive():
            say(label("held.alive", spoken))
