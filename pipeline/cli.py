"""The `gelombang` command: every door for people, none of the work. Each command lives with its room."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline import __version__, airflow_run, costs, lease
from pipeline.commands.audit import audit
from pipeline.commands.diff import diff
from pipeline.commands.explain import explain
from pipeline.commands.finished import DataOption, WaveArgument, finished
from pipeline.commands.prove import prove
from pipeline.commands.publish import publish, unlock
from pipeline.commands.retries import retries
from pipeline.commands.review import review
from pipeline.disk import disk_errors, read_json
from pipeline.errors import GelombangError, WaveFailedError
from pipeline.selfie.commands import calibrate, verify_photos
from pipeline.settings import settings
from pipeline.simulate.commands import simulate
from pipeline.store import Store
from pipeline.terminal import Display

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)

app.command()(simulate)
app.command("verify-photos")(verify_photos)
app.command()(calibrate)
app.command()(explain)
app.command()(audit)
app.command()(prove)
app.command()(diff)
app.command()(review)
app.command()(retries)
app.command()(publish)
app.command()(unlock)


@app.command()
def run(
    wave: WaveArgument,
    data: DataOption = None,
    quota: Annotated[int | None, typer.Option(help="Places. Default: the calendar's.")] = None,
    seed: Annotated[str | None, typer.Option(help="Text the draw is made from. Default: the calendar's.")] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Selfie tasks. Default: by the number of photographs.")
    ] = None,
) -> None:
    """Run a wave's DAG in this process, from registrations to cohort and report."""
    store = Store.at(data or settings().data)
    found = store.calendar().wave(wave).with_params(quota=quota, seed=seed)
    log = store.root / "work" / f"{found.key}.log"
    params = {"wave": wave, "quota": quota, "seed": seed, "shards": shards, "data": store.address}
    with (
        lease.held(store, found, "gelombang run") as name,
        airflow_run.output_to(log) as out,
        open(out, "w", closefd=False, encoding="utf-8") as terminal,
        Display(Console(file=terminal)) as display,
        costs.recorded(log.with_suffix(".costs.jsonl"), store.root / "work", display),
    ):
        given = {**params, "run": name, "out_of_order": True}
        done = airflow_run.run_wave(given, store.root / "work" / "airflow")
    if isinstance(display.error, GelombangError):
        raise display.error
    if not done or display.error:
        raise WaveFailedError(f"Wave {wave} failed: {display.error or 'see the log'}.", f"The log is {log}.")
    _show(data, wave)


@app.command()
def funnel(wave: WaveArgument, data: DataOption = None) -> None:
    """Show a finished wave's funnel."""
    _show(data, wave)


@app.command()
def waves(data: DataOption = None) -> None:
    """List the waves of the calendar, up to half a year from today, and which have been run and published."""
    store = Store.at(data or settings().data)
    calendar = store.calendar()
    store.pull("waves/", "published/", only=("manifest.json", "publication.json", "cohort.parquet"))
    table = Table("wave", "opens", "closes", "quota", "selfie", "policy", "state")
    for wave in calendar.waves(until=date.today() + timedelta(days=183)):
        revisions = store.revisions(wave.key)
        done = "run" if (store.out(wave) / "manifest.json").is_file() else ""
        table.add_row(
            str(wave.number), f"{wave.opens:%a %Y-%m-%d %H:%M}", f"{wave.closes:%a %Y-%m-%d %H:%M}",
            f"{wave.quota:,}", wave.selfie, wave.policy, f"published, {revisions[-1].name}" if revisions else done,
        )  # fmt: skip
    _console().print(table)


def _show(data: str | None, number: int) -> None:
    """Prints the funnel, planted against found for a simulated wave, and where everything is."""
    from pipeline.reports.terminal import print_funnel
    from pipeline.reports.truth import compare_with_truth, print_truth

    store, wave, out = finished(data, number)
    console = _console()
    print_funnel(read_json(out / "funnel.json"), console, settings().language)
    store.pull(f"landing/{wave.key}/truth.parquet")
    if store.landing(wave, "truth.parquet").is_file():
        print_truth(compare_with_truth(store, wave), console)
    for path in sorted(out.iterdir()):
        console.print(f"  {_shown(path)}", style="bold" if path.name == "report.html" else "dim", soft_wrap=True)


def _console() -> Console:
    """The terminal; a log or a pipe is wide enough that nothing is cut off."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 110)
    return console


def _shown(path: Path) -> Path:
    """A path as a person at this prompt would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        typer.echo(f"gelombang {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: a named error is one clear message and its exit code, never a traceback."""
    try:
        with disk_errors("gelombang"):  # whatever a disk refuses at a prompt is the user's to mend, and no bug
            app()
    except GelombangError as e:
        console = Console(stderr=True)
        console.print(type(e).__name__, style="red bold", end=": ")
        console.print(str(e), markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(e.exit_code) from e
