"""`gelombang publish` and `gelombang unlock`: what Airflow's page does with two clicks, for whoever is at a prompt."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Annotated

import typer

from pipeline import disk, lease, stages, store
from pipeline.commands.finished import DataOption, WaveArgument, finished
from pipeline.errors import WaveNotRunError
from pipeline.settings import settings


def publish(
    wave: WaveArgument,
    decree: Annotated[str, typer.Option(help="Number of the decree that publishes the cohort.")],
    by: Annotated[str | None, typer.Option(help="Who approved it. Default: the user at this prompt.")] = None,
    data: DataOption = None,
) -> None:
    """Publish a finished wave's cohort, after a last screening on the newest extracts."""
    where, found, folder = finished(data, wave)
    plan = where.work(found) / "plan.json"
    where.pull(where.key(plan))
    if not plan.is_file():
        raise WaveNotRunError(f"What wave {wave} was decided on is no longer below {where.work(found)}.")
    with lease.held(where, found, "gelombang publish") as name:
        job = {"data": where.address, "wave": wave, "run": name, "plan": where.key(plan)}
        job["cohort_sha256"] = disk.sha256(folder / "cohort.parquet")
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        done = stages.publish(job, by or getpass.getuser(), at, decree)
    stages.overview(where.address)
    typer.echo(
        f"Wave {wave}, revision {done['revision']}: {done['accepted']:,} accepted; the last screening removed "
        f"{done['removed']:,}, {done['added']:,} came in for them. {done['published']}"
    )


def unlock(wave: WaveArgument, data: DataOption = None) -> None:
    """Give a wave back whose run is no more; a run that still lives stops at its next task."""
    where = store.Store.at(data or settings().data)
    found = where.calendar().wave(wave)
    holder = lease.holder_of(where, found)
    if holder is None:
        typer.echo(f"Nobody holds wave {wave}.")
    elif lease.release(where, found, holder.run):
        typer.echo(f"Wave {wave} was held by {holder}. It is free.")
