"""`gelombang retries`: who may send a new photograph and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, finished, language_of
from pipeline.reports.language.labels import label
from pipeline.storage.task_sync import pull_for_reading


def retries(
    wave: WaveArgument,
    out: Annotated[Path, typer.Argument(help="CSV to write: registration_id, from_wave, reasons. No NIK, no name.")],
    *,
    data: DataOption = None,
    language: LanguageOption = None,
) -> None:
    """Write the list of those who may answer their refusal with a new photograph alone.

    Example: gelombang retries 12 retries.csv
    """
    from pipeline.decision.photo_retries import list_retries

    spoken = language_of(language)
    store, found, _ = finished(data, wave)
    pull_for_reading(store, found)
    say(label("retries.written", spoken, n=list_retries(store, found, out), wave=str(wave), out=out))
