"""`gelombang diff`: two runs of a wave, or two waves – what changed, and why."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.commands.common.options import DataOption, finished
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.inspection.run_difference import Cause
from pipeline.inspection.run_difference import diff as compare
from pipeline.runtime.terminal import Terminal

RunArgument = Annotated[str, typer.Argument(help="Number of a wave, or a folder with a wave's outputs.")]
_SHOWN = 40


def diff(
    a: RunArgument,
    b: RunArgument,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: every application that differs; of two waves, none.")
    ] = None,
) -> None:
    """Compare two runs of a wave, or two waves: what came out differently, and what went in differently."""
    first, second = _folder(a, data), _folder(b, data)
    if first.resolve() == second.resolve():
        raise BadSettingError(
            f"{a} and {b} are the same folder.",
            "A wave that is run again replaces its outputs: copy DATA/waves/wave-NNNN before, and name the copy.",
        )
    with TemporaryDirectory() as work:
        found = compare(first, second, Path(work), out)
    console = Terminal()
    if out is not None and not found.same_wave:
        console.print(f"Two waves have no applications in common: {out} is not written.", soft_wrap=True)
    _causes(console, found.causes)
    table = Table("outcome", "before", "after", "difference", title="All applications", title_justify="left")
    for name, before, after in found.outcomes:
        table.add_row(name, f"{before:,}", f"{after:,}", f"{after - before:+,}")
    console.print(table)
    what = "applications" if found.same_wave else "people who applied in both"
    console.print(f"{found.compared:,} {what} compared.")
    if found.same:
        console.print("The same decisions, reasons and places.", style="green")
        return
    table = Table("before", "after", "number")
    for before_, after_, number in found.changes:
        table.add_row(before_, after_, f"{number:,}")
    console.print(table)
    if found.reasons:
        table = Table("reason", "gained", "lost")
        for code, gained, lost in found.reasons:
            table.add_row(code, f"{gained:,}", f"{lost:,}")
        console.print(table)
    console.print(f"Another tier: {found.tiers:,}. Accepted in both with another rank: {found.moved:,}.")
    if found.same_wave and not found.causes:
        console.print("Nothing went in differently: one of the two was changed afterwards.", style="red")


def _folder(text: str, data: str | None) -> Path:
    """The outputs that a number or a path names. Raises WaveNotRunError, UnknownWaveError."""
    if text.isdigit():
        return finished(data, int(text))[2]
    folder = Path(text).expanduser()
    if not (folder / "manifest.json").is_file() or not (folder / "decisions.parquet").is_file():
        raise WaveNotRunError(f"{folder} has no outputs of a wave.", "Name a folder like DATA/waves/wave-0001.")
    return folder


def _causes(console: Console, causes: list[Cause]) -> None:
    if not causes:
        console.print("What went in is the same.")
        return
    table = Table("what", "", "before", "after", title="What went in differently", title_justify="left")
    for cause in causes[:_SHOWN]:
        table.add_row(cause.kind, cause.what, cause.before, cause.after)
    console.print(table)
    if len(causes) > _SHOWN:
        console.print(f"… and {len(causes) - _SHOWN:,} more")
