"""`gelombang run`: the whole DAG of a wave in this process, with progress in the terminal."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pipeline.airflow_plugin import airflow_home, local_run
from pipeline.commands.common.number_options import whole
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, language_of
from pipeline.commands.wave.funnel import show
from pipeline.domain.errors import GelombangError, WaveFailedError
from pipeline.domain.settings import settings
from pipeline.runtime import resource_usage
from pipeline.runtime.progress_display import Display
from pipeline.runtime.system_user import user_name
from pipeline.runtime.terminal import Terminal
from pipeline.storage import wave_lock
from pipeline.storage.paths import Store


def run(
    wave: WaveArgument,
    *,
    data: DataOption = None,
    quota: Annotated[int | None, whole("Places. Default: the calendar's.")] = None,
    seed: Annotated[str | None, typer.Option(help="Text the draw is made from. Default: the calendar's.")] = None,
    shards: Annotated[
        int | None, whole("Selfie tasks. Default: by the number of photographs.", least=1, most=1024)
    ] = None,
    language: LanguageOption = None,
) -> None:
    """Run a wave's DAG in this process, from registrations to cohort and report.

    Example: gelombang run 12
    """
    spoken = language_of(language)
    store = Store.at(data or settings().data)
    found = store.calendar().wave(wave).with_params(quota=quota, seed=seed)
    home = airflow_home.home_of(store, os.environ)
    log = store.root / "work" / f"{found.key}.log"
    params = {"wave": wave, "quota": quota, "seed": seed, "shards": shards, "out_of_order": True}
    with (
        wave_lock.held(store, found, "gelombang run") as name,
        local_run.output_to(log) as out,
        open(out, "w", closefd=False, encoding="utf-8") as terminal,
        Display(Terminal(file=terminal)) as display,
        resource_usage.recorded(log.with_suffix(".costs.jsonl"), store.root / "work", display),
    ):
        run = local_run.LocalRun(store.address, name, user_name())
        done = local_run.run_wave(run, params, home)
    if isinstance(display.error, GelombangError):
        raise display.error
    if not done or display.error:
        raise WaveFailedError(f"Wave {wave} failed: {display.error or 'see the log'}.", f"The log is {log}.")
    show(data, wave, spoken)
