"""Shared by the commands about a finished wave: their arguments, and the wave's folder."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import LANGUAGES
from pipeline.storage.paths import Store


def wave_number(typed: str) -> int:
    """The number of a wave, from 1. Raises BadParameter: wrong usage, exit code 2."""
    if not typed.isdecimal() or int(typed) < 1:
        raise typer.BadParameter(f"{typed} is no number of a wave, like 12. `gelombang waves` lists them.")
    return int(typed)


def wave_option(said: str) -> Any:
    """An option for the number of a wave, with its help."""
    return typer.Option(parser=wave_number, metavar="WAVE", help=said)


def day(typed: str) -> date:
    """A day. Raises BadParameter."""
    try:
        return datetime.strptime(typed, "%Y-%m-%d").date()
    except ValueError as e:
        raise typer.BadParameter(f"{typed} is no day of the calendar. Write it as 2020-04-10.") from e


def spoken_language(typed: str) -> str:
    """A language that there is. Raises BadParameter."""
    if typed.lower() not in LANGUAGES:
        raise typer.BadParameter(f"There is no language {typed}. Choose {' or '.join(LANGUAGES)}.")
    return typed.lower()


DataOption = Annotated[str | None, typer.Option("--data", help="Data root. Default: GELOMBANG_DATA, else data/.")]
WaveArgument = Annotated[int, typer.Argument(parser=wave_number, metavar="WAVE", help="Number of the wave.")]
ApplicationArgument = Annotated[
    str, typer.Argument(help="The application's registration_id.", metavar="REGISTRATION_ID", parser=str.strip)
]
LanguageOption = Annotated[
    str | None,
    typer.Option(parser=spoken_language, metavar="id|en", help="id or en. Default: GELOMBANG_LANGUAGE."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
WhyOption = Annotated[str, typer.Option(help="Why it is looked up; the record keeps it with who looked.")]


def from_standard_input(prompt: str) -> str:
    """One line that others must not see: never on the command line, which other users of the machine see.

    A byte order mark before it, as editors on Windows write one, is none of it. Raises BadSettingError for what is no
    text.
    """
    if sys.stdin.isatty():
        return str(typer.prompt(prompt.rstrip(": "), hide_input=True))
    try:
        return sys.stdin.readline().lstrip("\ufeff").strip()
    except UnicodeDecodeError:
        raise BadSettingError("What was typed is no text in UTF-8.", "Save the file as UTF-8, and try again.") from None


def language_of(given: str | None) -> str:
    """The language that a command speaks: the one that was asked for, else that of the settings, which know both."""
    return given or settings().language


def finished(data: str | None, number: int) -> tuple[Store, Wave, Path]:
    """The store, the wave and its outputs. Raises WaveNotRunError, UnknownWaveError."""
    store = Store.at(data or settings().data)
    wave = store.calendar().wave(number)
    store.pull(f"waves/{wave.key}/")
    folder = store.out(wave)
    if not (folder / "manifest.json").is_file():
        raise WaveNotRunError(f"Wave {number} has no outputs below {store.address}.")
    return store, wave, folder
