"""The page of commands."""

from __future__ import annotations

import inspect
import re

import click
import typer

from pipeline import cli
from tools.reference.markdown import table


def _command(name: str, command: click.Command) -> str:
    """One command: what it does, its example, its arguments and options."""
    text = inspect.cleandoc(command.callback.__doc__ or "") if command.callback else ""
    prose = [line for line in text.splitlines() if not line.strip().startswith(("Example", "gelombang "))]
    examples = [
        e for line in text.splitlines() if (e := line.strip().removeprefix("Example: ")).startswith("gelombang ")
    ]
    says = re.sub(r"\n{2,}", "\n\n", "\n".join(prose)).strip()
    rows = []
    for parameter in command.params:
        argument = isinstance(parameter, click.Argument)
        shown = parameter.human_readable_name.upper() if argument else ", ".join(parameter.opts)
        rows.append([f"`{shown}`", getattr(parameter, "help", None) or "", "yes" if parameter.required else "–"])
    shown = "".join(f"    {example}\n" for example in examples)
    return f"## gelombang {name}\n\n{says}\n\n{shown}\n" + table(["argument or option", "meaning", "required"], rows)


def commands_page() -> str:
    """Every command with its arguments, options and an example."""
    commands: dict[str, click.Command] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    return (
        "# Commands\n\nEvery command has `-h`. A command that reads has `--language id|en` "
        "(default: `GELOMBANG_LANGUAGE`) and `--json`.\n\n"
        "How a command ends: 0, it is done; 1, a [named error](errors.md), or a difference was found (`audit`, "
        "`check`, `diff` of two runs of one wave); 2, wrong usage.\n\n"
        "`gelombang --install-completion` lets bash, zsh or fish complete commands and options.\n\n"
        + "\n".join(_command(name, commands[name]) for name in sorted(commands))
    )
