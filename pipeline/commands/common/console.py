"""The terminal that commands write tables to."""

from __future__ import annotations

from rich.console import Console


def wide_console() -> Console:
    """The terminal; a log or a pipe is wide enough that nothing is cut off."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 110)
    return console
