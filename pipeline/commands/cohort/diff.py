"""`gelombang diff`: two runs of a wave, or two waves – what changed, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.common.console import say_json
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, finished, language_of
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.inspection.run_difference import Diff
from pipeline.inspection.run_difference import diff as compare
from pipeline.runtime.terminal import Terminal

RunArgument = Annotated[str, typer.Argument(help="Number of a wave, or a folder with a wave's outputs.")]
_SHOWN = 40
_OUTCOMES_ID = {
    "accepted": "diterima",
    "reserve": "cadangan",
    "rejected": "ditolak",
    "review": "ditinjau",
    "absent": "tidak ada",
}
_WORDS = {
    "no_csv": {
        "id": "Dua gelombang tidak punya pendaftaran yang sama: {out} tidak ditulis.",
        "en": "Two waves have no applications in common: {out} is not written.",
    },
    "outcomes": {"id": "hasil|sebelum|sesudah|selisih", "en": "outcome|before|after|difference"},
    "all": {"id": "Semua pendaftaran", "en": "All applications"},
    "compared": {"id": "{n:,} pendaftaran dibandingkan.", "en": "{n:,} applications compared."},
    "compared_people": {
        "id": "{n:,} orang yang mendaftar pada keduanya dibandingkan.",
        "en": "{n:,} people who applied in both compared.",
    },
    "same": {
        "id": "Keputusan, alasan, dan tempat sama.",
        "en": "The same decisions, reasons and places.",
    },
    "changes": {"id": "sebelum|sesudah|jumlah", "en": "before|after|number"},
    "reasons": {"id": "alasan|bertambah|hilang", "en": "reason|gained|lost"},
    "moved": {
        "id": "Kelompok lain: {tiers:,}. Diterima pada keduanya dengan peringkat lain: {moved:,}.",
        "en": "Another tier: {tiers:,}. Accepted in both with another rank: {moved:,}.",
    },
    "tampered": {
        "id": "Yang masuk tidak berbeda: salah satu diubah sesudahnya.",
        "en": "Nothing went in differently: one of the two was changed afterwards.",
    },
    "same_inputs": {"id": "Yang masuk sama.", "en": "What went in is the same."},
    "causes": {"id": "jenis||sebelum|sesudah", "en": "what||before|after"},
    "causes_title": {"id": "Yang masuk berbeda", "en": "What went in differently"},
    "more": {"id": "… dan {n:,} lagi", "en": "… and {n:,} more"},
}


def diff(
    a: RunArgument,
    b: RunArgument,
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
        return finished(data, int(text))[2]
    folder = Path(text).expanduser()
    if not (folder / "manifest.json").is_file() or not (folder / "decisions.parquet").is_file():
        raise WaveNotRunError(f"{folder} has no outputs of a wave.", "Name a folder like DATA/waves/wave-0001.")
    return folder


class _Page:
    """A comparison on the terminal, in one language."""

    def __init__(self, found: Diff, language: str) -> None:
        self.found, self.language, self.console = found, language, Terminal()

    def _word(self, key: str, **values: Any) -> str:
        return _WORDS[key][self.language].format(**values)

    def _table(self, columns: str, title: str | None = None) -> Table:
        heads = self._word(columns).split("|")
        return Table(*heads, title=self._word(title) if title else None, title_justify="left")

    def show(self, out: Path | None) -> None:
        """Prints every section."""
        found, console = self.found, self.console
        if out is not None and not found.same_wave:
            console.print(self._word("no_csv", out=out), soft_wrap=True)
        self._causes()
        table = self._table("outcomes", "all")
        for name, before, after in found.outcomes:
            table.add_row(self._outcome(name), f"{before:,}", f"{after:,}", f"{after - before:+,}")
        console.print(table)
        console.print(self._word("compared" if found.same_wave else "compared_people", n=found.compared))
        if found.same:
            console.print(self._word("same"), style="green")
            return
        table = self._table("changes")
        for before_, after_, number in found.changes:
            table.add_row(self._outcome(before_), self._outcome(after_), f"{number:,}")
        console.print(table)
        if found.reasons:
            table = self._table("reasons")
            for code, gained, lost in found.reasons:
                table.add_row(code, f"{gained:,}", f"{lost:,}")
            console.print(table)
        console.print(self._word("moved", tiers=found.tiers, moved=found.moved))
        if found.same_wave and not found.causes:
            console.print(self._word("tampered"), style="red")

    def _outcome(self, name: str) -> str:
        return name if self.language == "en" else _OUTCOMES_ID.get(name, name)

    def _causes(self) -> None:
        causes = self.found.causes
        if not causes:
            self.console.print(self._word("same_inputs"))
            return
        table = self._table("causes", "causes_title")
        for cause in causes[:_SHOWN]:
            table.add_row(cause.kind, cause.what, cause.before, cause.after)
        self.console.print(table)
        if len(causes) > _SHOWN:
            self.console.print(self._word("more", n=len(causes) - _SHOWN))
