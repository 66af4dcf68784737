"""`gelombang what-if`: a finished wave drawn a thousand times, under its own rules and under others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.commands.common.number_options import decimal, whole
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, WaveArgument, finished, language_of
from pipeline.domain.errors import BadQuestionError
from pipeline.storage.files import read_json, write_text


def what_if(
    wave: WaveArgument,
    *,
    quota: Annotated[int | None, whole("Another quota.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="A rule left out; may be given several times.")
    ] = None,
    added: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="RULE", help="A rule that was not in force, or a warning of the screening."),
    ] = None,
    priority_share: Annotated[float | None, decimal("Another share kept for the listed, 0 to 1.")] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE=SHARE", help="Quotas by area: 31=0.2 keeps a fifth for province 31, or 3171=0.2."),
    ] = None,
    no_areas: Annotated[bool, typer.Option("--no-areas", help="Without the wave's quotas by area.")] = False,
    seeds: Annotated[int, whole("How often the draw is done.")] = 1000,
    out: Annotated[Path | None, typer.Option(help="Page with charts to write.")] = None,
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask what another quota, share or rule would have changed in a finished wave: the chance of a place by group.

    Example: gelombang what-if 12 --quota 800 --without kk_limit --out what-if.html
    """
    from pipeline.what_if import answer_page
    from pipeline.what_if.answer import answer
    from pipeline.what_if.question import ask

    spoken = language_of(language)
    store, _, folder = finished(data, wave)
    question = ask(
        read_json(folder / "manifest.json"),
        quota=quota,
        without=without or (),
        added=added or (),
        priority_share=priority_share,
        areas={} if no_areas else _areas(area) if area else None,
        seeds=seeds,
    )
    found = answer(store, question)
    if out is not None:
        write_text(answer_page.render(found), out)
    if as_json:
        say_json(found.to_json(), indent=1)
    else:
        answer_page.show(found, wide_console(), spoken)
        if out is not None:
            say(f"{out}")


def _areas(given: list[str]) -> dict[str, float]:
    """``31=0.2`` as province or regency and share. Raises BadQuestionError."""
    found: dict[str, float] = {}
    for text in given:
        named = re.fullmatch(r"(\d{2}(?:\d{2})?)=(0?\.\d+|1)", text)
        if named is None:
            raise BadQuestionError(f"{text} is not a province or regency and its share.", "Write 31=0.2.")
        found[named[1]] = float(named[2])
    return found
