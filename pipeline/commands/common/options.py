"""Shared by the commands about a finished wave: their arguments, and the wave's folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import LANGUAGES
from pipeline.storage.paths import Store

DataOption = Annotated[str | None, typer.Option("--data", help="Data root. Default: GELOMBANG_DATA, else data/.")]
WaveArgument = Annotated[int, typer.Argument(min=1, help="Number of the wave.")]
ApplicationArgument = Annotated[
    str, typer.Argument(help="The application's registration_id.", metavar="REGISTRATION_ID", parser=str.strip)
]
LanguageOption = Annotated[str | None, typer.Option(help="id or en. Default: GELOMBANG_LANGUAGE.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
WhyOption = Annotated[str, typer.Option(help="Why it is looked up; the record keeps it with who looked.")]


def from_standard_input(prompt: str) -> str:
    """One line that others must not see: never on the command line, which other users of the machine see."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt.rstrip(": "), hide_input=True))
    return sys.stdin.readline().strip()


def language_of(given: str | None) -> str:
    """The language that a command speaks: ``id`` or ``en``. Raises BadSettingError."""
    spoken = (given or settings().language).lower()
    if spoken not in LANGUAGES:
        raise BadSettingError(f"There is no language {spoken}.", f"Choose {' or '.join(LANGUAGES)}.")
    return spoken


def finished(data: str | None, number: int) -> tuple[Store, Wave, Path]:
    """The store, the wave and its outputs. Raises WaveNotRunError, UnknownWaveError."""
    store = Store.at(data or settings().data)
    wave = store.calendar().wave(number)
    store.pull(f"waves/{wave.key}/")
    folder = store.out(wave)
    if not (folder / "manifest.json").is_file():
        raise WaveNotRunError(f"Wave {number} has no outputs below {store.address}.")
    return store, wave, folder
