"""`gelombang diff`: two runs of a wave, or two waves – what changed, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.table import Table

from pipeline.commands.common.console import say_json
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, finished, language_of
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.inspection.run_difference import Diff, InputValue
from pipeline.inspection.run_difference import diff as compare
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import translator
from pipeline.runtime.terminal import Terminal

RunArgument = Annotated[str, typer.Argument(help="Number of a wave, or a folder with a wave's outputs.")]
_SHOWN = 40
#: Headings of the four tables, as labels.
_HEADS = {
    "outcomes": ("outcome", "before", "after", "difference"),
    "changes": ("before", "after", "number"),
    "reasons": ("reason", "gained", "lost"),
    "causes": ("kind", "name", "before", "after"),
}


def diff(
    a: RunArgument,
    b: RunArgument,
    *,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: every application that differs; of two waves, none.")
    ] = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs of a wave, or two waves: what came out differently, and what went in differently.

    Example: gelombang diff before 12 --out differing.csv
    """
    first, second = _folder(a, data), _folder(b, data)
    if first.resolve() == second.resolve():
        raise BadSettingError(
            f"{a} and {b} are the same folder.",
            "A wave that is run again replaces its outputs: copy DATA/waves/wave-NNNN before, and name the copy.",
        )
    spoken = language_of(language)
    with TemporaryDirectory() as work:
        found = compare(first, second, Path(work), out)
    if as_json:
        say_json({"same": found.same, **asdict(found)}, indent=1)
    else:
        _Page(found, spoken).show(out)
    if found.same_wave and not found.same:
        raise typer.Exit(1)


def _folder(text: str, data: str | None) -> Path:
    """The outputs that a number or a path names. Raises WaveNotRunError, UnknownWaveError."""
    if text.isdigit():
        _, _, out = finished(data, int(text))
        return out
    folder = Path(text).expanduser()
    if not (folder / "manifest.json").is_file() or not (folder / "decisions.parquet").is_file():
        raise WaveNotRunError(f"{folder} has no outputs of a wave.", "Name a folder like DATA/waves/wave-0001.")
    return folder


class _Page:
    """A comparison on the terminal, in one language."""

    def __init__(self, found: Diff, language: str) -> None:
        self.found, self.language, self.t = found, language, translator(language)
        self.console = Terminal()

    def _table(self, columns: str, title: str | None = None) -> Table:
        table = Table(title=title, title_justify="left")
        for head in _HEADS[columns]:  # a file's name is folded in a narrow terminal, never cut off
            table.add_column(self.t(f"diff.{head}"), overflow="fold")
        return table

    def _counts(self, *counts: int) -> list[str]:
        return [numbers.integer(n, self.language) for n in counts]

    def show(self, out: Path | None) -> None:
        """Prints every section."""
        found, console, t = self.found, self.console, self.t
        if out is not None and not found.same_wave:
            console.print(t("diff.no_csv", out=str(out)), soft_wrap=True)
        self._causes()
        table = self._table("outcomes", t("diff.all"))
        for name, before, after in found.outcomes:
            sign = "+" if after >= before else ""
            was, now, changed = self._counts(before, after, after - before)
            table.add_row(self._outcome(name), was, now, sign + changed)
        console.print(table)
        console.print(t("diff.compared" if found.same_wave else "diff.compared_people", n=found.compared))
        if found.same:
            console.print(t("diff.same"), style="green")
            return
        table = self._table("changes")
        for before_, after_, number in found.changes:
            table.add_row(self._outcome(before_), self._outcome(after_), *self._counts(number))
        console.print(table)
        if found.reasons:
            table = self._table("reasons")
            for code, gained, lost in found.reasons:
                table.add_row(code, *self._counts(gained, lost))
            console.print(table)
        console.print(t("diff.moved", tiers=found.tiers, moved=found.moved))
        if found.same_wave and not found.causes:
            console.print(t("diff.tampered"), style="red")

    def _outcome(self, name: str) -> str:
        return self.t("diff.absent") if name == "absent" else self.t(f"outcome.{name}")

    def _causes(self) -> None:
        causes = self.found.causes
        if not causes:
            self.console.print(self.t("diff.same_inputs"))
            return
        table = self._table("causes", self.t("diff.causes"))
        for cause in causes[:_SHOWN]:
            table.add_row(
                self.t(f"cause.{cause.kind}"), cause.what, self._value(cause.before), self._value(cause.after)
            )
        self.console.print(table)
        if len(causes) > _SHOWN:
            self.console.print(self.t("diff.more", n=len(causes) - _SHOWN))

    def _value(self, value: InputValue) -> str:
        """What went in, in words: a rule in force or not, a file by its rows and the beginning of its hash."""
        if value is None:
            return "–"
        if isinstance(value, bool):
            return self.t("cause.in_force" if value else "cause.not_in_force")
        if isinstance(value, str):
            return value
        beginning = value.sha256[:12]
        return beginning if value.rows is None else self.t("cause.content", rows=value.rows, hash=beginning)
