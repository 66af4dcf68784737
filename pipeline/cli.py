"""The `gelombang` command: it names the commands, and turns a named error into a message and an exit code.

Each command is one module of ``pipeline/commands/``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.commands.cohort.audit import audit
from pipeline.commands.cohort.diff import diff
from pipeline.commands.cohort.prove import prove
from pipeline.commands.cohort.publish import publish
from pipeline.commands.cohort.retries import retries
from pipeline.commands.cohort.wave_history import history
from pipeline.commands.person.access_data import access
from pipeline.commands.person.erase import erase
from pipeline.commands.person.explain import explain
from pipeline.commands.person.find import find
from pipeline.commands.person.object import object_
from pipeline.commands.person.purge import purge
from pipeline.commands.person.review import review
from pipeline.commands.person.rotate_key import rotate_key
from pipeline.commands.person.unseal import unseal
from pipeline.commands.photographs.calibrate import calibrate
from pipeline.commands.photographs.compare_all import compare_all
from pipeline.commands.photographs.verify_photos import verify_photos
from pipeline.commands.wave.check import check
from pipeline.commands.wave.funnel import funnel
from pipeline.commands.wave.import_register import import_register
from pipeline.commands.wave.open import open_
from pipeline.commands.wave.run import run
from pipeline.commands.wave.simulate import simulate
from pipeline.commands.wave.status import status
from pipeline.commands.wave.unlock import unlock
from pipeline.commands.wave.waves import waves
from pipeline.commands.wave.what_if import what_if
from pipeline.domain.errors import GelombangError
from pipeline.runtime.disk import disk_errors
from pipeline.runtime.terminal import Terminal
from pipeline.storage.modes import keep_private

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Select the cohort of a registration wave, and explain every decision.",
    epilog="It ends with 0 when it is done, 1 after a named error or where it found a difference, 2 after wrong usage. "
    "`gelombang --install-completion` lets the shell complete commands and options.",
)

#: What `gelombang --help` shows, in this order. A command whose name Python keeps for itself, or with a dash, is named.
COMMANDS: dict[str, tuple[Callable[..., None] | tuple[str, Callable[..., None]], ...]] = {
    "A wave": (run, status, funnel, waves, check, ("open", open_), publish, unlock),
    "A person": (find, explain, ("object", object_), review, retries, access, erase),
    "Proof and comparison": (audit, prove, history, diff, ("what-if", what_if)),
    "Data": (simulate, ("import", import_register), purge, unseal, ("rotate-key", rotate_key)),
    "Photographs": (("verify-photos", verify_photos), ("compare-all", compare_all), calibrate),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        name, called = command if isinstance(command, tuple) else (command.__name__, command)
        app.command(name, rich_help_panel=panel)(called)


@app.callback(invoke_without_command=True)
def _main(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        typer.echo(f"gelombang {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: a named error is one clear message and its exit code, never a traceback."""
    keep_private()
    try:
        with disk_errors("gelombang"):  # whatever a disk refuses at a prompt is the user's to mend, and no bug
            app()
    except GelombangError as e:
        console = Terminal(stderr=True)
        console.print(type(e).__name__, style="red bold", end=": ")
        console.print(str(e), markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(e.exit_code) from e
