"""The terminal that every command writes to: data is printed as plain text.

No markup, emoji or highlighting is read in it, and what cannot be seen (escape sequences, bidi marks) is written out.
Styles are given by the code alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from pipeline.domain.visible_text import visible


class Terminal(Console):
    """rich's console that reads no markup in data."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Makes every piece of text visible before it is shown."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
