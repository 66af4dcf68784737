"""`gelombang funnel`: the funnel of a finished wave in the terminal. `gelombang run` ends with the same."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.common.console import say_json, wide_console
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, WaveArgument, finished, language_of
from pipeline.storage.files import read_json


def funnel(
    wave: WaveArgument, *, data: DataOption = None, language: LanguageOption = None, as_json: JsonOption = False
) -> None:
    """Show a finished wave's funnel.

    Example: gelombang funnel 12
    """
    spoken = language_of(language)
    if as_json:
        _, _, out = finished(data, wave)
        say_json(read_json(out / "funnel.json"), indent=1)
    else:
        show(data, wave, spoken)


def show(data: str | None, number: int, language: str) -> None:
    """Prints the funnel, planted against found for a simulated wave, and where everything is."""
    from pipeline.reports.figures.truth_comparison import compare_with_truth, print_truth
    from pipeline.reports.funnel_display import print_funnel
    from pipeline.reports.language.labels import label
    from pipeline.reports.wave_states import wave_sentences

    store, wave, out = finished(data, number)
    console = wide_console()
    print_funnel(read_json(out / "funnel.json"), console, language)
    store.pull(f"published/{wave.key}/", only=("publication.json", "cohort.parquet", "changes.parquet"))
    if store.read(f"landing/{wave.key}/simulated.json") is not None:
        console.print(f"  {label('report.simulated', language)}", style="bold yellow")
    for line in wave_sentences(store, wave, language):
        console.print(f"  {line}", markup=False, highlight=False)
    store.pull(f"landing/{wave.key}/truth.parquet")
    if store.landing(wave, "truth.parquet").is_file():
        print_truth(compare_with_truth(store, wave), console, language)
    for path in sorted(out.iterdir()):
        console.print(f"  {_shown(path)}", style="bold" if path.name == "report.html" else "dim", soft_wrap=True)


def _shown(path: Path) -> Path:
    """A path as a person at this prompt would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
