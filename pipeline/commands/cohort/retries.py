"""`gelombang retries`: who may send a new photograph and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.options import DataOption, WaveArgument, finished
from pipeline.storage.task_sync import pull_for_reading


def retries(
    wave: WaveArgument,
    out: Annotated[Path, typer.Argument(help="CSV to write: registration_id, from_wave, reasons. No NIK, no name.")],
    data: DataOption = None,
) -> None:
    """Write the list of those who may answer their refusal with a new photograph alone.

    Example: gelombang retries 12 retries.csv
    """
    from pipeline.decision.photo_retries import list_retries

    store, found, _ = finished(data, wave)
    pull_for_reading(store, found)
    say(f"{list_retries(store, found, out):,} applications of wave {wave} may send a new photograph: {out}")
