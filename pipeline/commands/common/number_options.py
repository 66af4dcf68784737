"""Options that take a number: one way to read them, and one sentence for what is none."""

from __future__ import annotations

from typing import Any

import typer

#: What a kind of number is called, and how it is written, for whoever did not.
_WORDS = {
    int: ("whole number", "Write it in digits alone, like 20000."),
    float: ("number", "Write it with a point, like 0.5."),
}


def whole(said: str, *, least: int | None = None, most: int | None = None) -> Any:
    """An option for a whole number, with its help. ``least`` and ``most`` are allowed; what a named error knows is not
    said here.
    """
    return _option(said, int, least, most)


def decimal(said: str, *, least: float | None = None, most: float | None = None) -> Any:
    """An option for a decimal number, as ``whole``."""
    return _option(said, float, least, most)


def _option(said: str, kind: type[float], least: float | None, most: float | None) -> Any:
    """What reads the option raises BadParameter: wrong usage, exit code 2. A default is read as well."""
    called, how = _WORDS[kind]
    bounds = ("" if least is None else f" from {least}") + ("" if most is None else f" to {most}")

    def read(typed: Any) -> float:
        try:
            number = kind(str(typed).replace("_", "?"))  # Python would take 1_000
        except ValueError as e:
            raise typer.BadParameter(f"{typed} is no {called}{bounds}. {how}") from e
        if (least is not None and not number >= least) or (most is not None and not number <= most):  # not NaN either
            raise typer.BadParameter(f"{typed} is no {called}{bounds}.")
        return number

    return typer.Option(parser=read, metavar=f"NUMBER{bounds}", help=said)
