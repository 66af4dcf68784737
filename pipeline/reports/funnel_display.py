"""The funnel in the terminal: a table with bars, as ``gelombang run`` ends and ``gelombang funnel`` shows."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.reports.language import numbers
from pipeline.reports.language.labels import translator

_WIDTH = 26
#: The width of the other columns; a narrower bar shows nothing.
_REST, _NARROWEST = 72, 8
_EIGHTHS = " ▏▎▍▌▋▊▉"
_COLOURS = {"accepted": "green", "reserve": "cyan", "rejected": "red", "review": "yellow"}


def print_funnel(funnel: dict[str, Any], console: Console, language: str) -> None:
    """Prints the funnel that ``write_funnel`` gave."""
    t = translator(language)
    total = funnel.get("registrations") or funnel["steps"][0]["entered"]
    table = Table(
        box=box.SIMPLE_HEAD, title=t("funnel.title", wave=str(funnel["wave"])), title_style="bold", title_justify="left"
    )
    table.add_column(t("funnel.step"), no_wrap=True)
    digits = max(len(numbers.integer(total, language)) + 1, len(t("funnel.left")))  # the words are cut, not the figures
    table.add_column(t("funnel.passed"), justify="right", no_wrap=True, min_width=digits)
    width = min(_WIDTH, console.width - _REST)
    if width >= _NARROWEST:
        table.add_column("", width=width)
    table.add_column(t("funnel.share"), justify="right", min_width=8)
    table.add_column(t("funnel.left"), justify="right", no_wrap=True, min_width=digits)
    for step, passed, left in rows(funnel):
        share = passed / total if total else 0.0
        bars = [Text(bar(share, max(width, 1)), style="green" if step == "accepted" else "blue")]
        table.add_row(
            Text(t(f"step.{step}"), style="bold" if step in ("registered", "accepted") else ""),
            Text(numbers.integer(passed, language)),
            *(bars if width >= _NARROWEST else []),
            Text(numbers.percent(share, language)),
            Text(f"−{numbers.integer(left, language)}" if left else "", style="red" if step != "drawn" else "cyan"),
        )
    console.print(table)
    ends = Text(f"  {t('funnel.ends')}: ")
    for i, (outcome, n) in enumerate(funnel["ends"].items()):
        ends.append(" · " if i else "")
        ends.append(f"{t(f'outcome.{outcome}')} {numbers.integer(n, language)}", style=_COLOURS[outcome])
    accepted, quota = funnel["ends"]["accepted"], funnel["quota"]
    console.print(ends)
    console.print(f"  {t('funnel.filled', accepted=accepted, quota=quota, share=accepted / quota)}\n", highlight=False)


def rows(funnel: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(step, passed, left) from ``registered`` to ``accepted``; the last step's passed are the accepted."""
    steps = funnel["steps"]
    total = funnel.get("registrations") or steps[0]["entered"]
    return [
        ("registered", total, 0),
        *((step["step"], step["passed"], step["left"]) for step in steps),
        ("accepted", funnel["ends"]["accepted"], 0),
    ]


def bar(share: float, width: int = _WIDTH) -> str:
    """A bar of block characters, exact to an eighth; never empty for a share above zero."""
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")
