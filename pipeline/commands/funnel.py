"""`gelombang funnel`: the funnel of a finished wave in the terminal. `gelombang run` ends with the same."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.common.console import wide_console
from pipeline.commands.common.options import DataOption, WaveArgument, finished
from pipeline.domain.settings import settings
from pipeline.storage.files import read_json


def funnel(wave: WaveArgument, data: DataOption = None) -> None:
    """Show a finished wave's funnel."""
    show(data, wave)


def show(data: str | None, number: int) -> None:
    """Prints the funnel, planted against found for a simulated wave, and where everything is."""
    from pipeline.reports.figures.truth_comparison import compare_with_truth, print_truth
    from pipeline.reports.funnel_display import print_funnel
    from pipeline.reports.language.labels import label
    from pipeline.reports.standing import newest, told

    store, wave, out = finished(data, number)
    console = wide_console()
    print_funnel(read_json(out / "funnel.json"), console, settings().language)
    store.pull(f"published/{wave.key}/", only=("publication.json", "cohort.parquet", "changes.parquet"))
    spoken = settings().language
    if store.read(f"landing/{wave.key}/simulated.json") is not None:
        console.print(f"  {label('report.simulated', spoken)}", style="bold yellow")
    for line in told(newest(store, wave.key), spoken):
        console.print(f"  {line}", markup=False, highlight=False)
    store.pull(f"landing/{wave.key}/truth.parquet")
    if store.landing(wave, "truth.parquet").is_file():
        print_truth(compare_with_truth(store, wave), console)
    for path in sorted(out.iterdir()):
        console.print(f"  {_shown(path)}", style="bold" if path.name == "report.html" else "dim", soft_wrap=True)


def _shown(path: Path) -> Path:
    """A path as a person at this prompt would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
