"""The terminal that commands write tables and lines to."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console

from pipeline.domain.visible_text import visible, visible_json
from pipeline.runtime.terminal import Terminal


def wide_console() -> Console:
    """The terminal; a log or a pipe has enough width for every line."""
    console = Terminal()
    if not console.is_terminal:
        console.width = max(console.width, 110)
    return console


def say(text: str, *, err: bool = False) -> None:
    """A line that may contain data."""
    typer.echo(visible(text), err=err)


def say_json(value: Any, **how: Any) -> None:
    """A value as JSON, which a program reads, or a person at a terminal."""
    typer.echo(visible_json(json.dumps(value, ensure_ascii=False, **how)))
