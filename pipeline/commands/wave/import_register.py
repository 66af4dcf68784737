"""`gelombang import`: a register from a file, a workbook or a database becomes a delivery of an extract."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.console import say, say_json
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, day, language_of
from pipeline.domain.said import in_language
from pipeline.domain.settings import settings
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, problem_text, translator
from pipeline.runtime.terminal import Terminal
from pipeline.storage.paths import Store

_EVERY_ROWS = 1_000_000


def import_register(
    extract: Annotated[str, typer.Argument(help="population, education, bansos, priority or blacklist.")],
    source: Annotated[
        str,
        typer.Argument(
            help="A CSV file or workbook, a folder of them, postgresql://USER@HOST/DB or mysql://USER@HOST/DB."
        ),
    ],
    *,
    asof: Annotated[date, typer.Option(parser=day, metavar="DAY", help="Day as of which the register stood.")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML file: the source's columns and words.")
    ] = None,
    table: Annotated[str, typer.Option(help="Table of the database, or sheet of the workbook.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of a delivery of that day.")] = False,
    data: DataOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a register as the delivery of an extract: typed, checked, sorted by NIK, whole or not at all.

    A database's password is never typed here: ~/.pgpass or PGPASSWORD, ~/.my.cnf or MYSQL_PWD.

    Example: gelombang import education siswa.csv --asof 2020-04-10 --mapping siswa.toml
    """
    from pipeline.importing.importer import Order, import_extract

    spoken, store = language_of(language), Store.at(data or settings().data)
    t = translator(spoken)
    order = Order(extract, source, asof, mapping, table, replace)
    console, reported = Terminal(stderr=True), 0
    with console.status(t("import.reading", rows=0)) if console.is_terminal else nullcontext() as status:

        def progress(rows: int) -> None:
            nonlocal reported
            if status:
                status.update(t("import.reading", rows=rows))
            elif rows // _EVERY_ROWS > reported:
                reported = rows // _EVERY_ROWS
                say(t("import.reading", rows=rows), err=True)

        found, key = import_extract(store, order, progress)
    address = f"{store.address}/{key}"
    if as_json:
        say_json({"extract": extract, "asof": str(order.asof), "where": address, **found.to_json()}, indent=1)
        return
    say(t("import.done", extract=extract, asof=order.asof, rows=found.rows, where=address))
    if found.aside:
        say(t("import.aside", n=found.aside.total()))
        for problem, count in found.aside.most_common():
            say(f"  {problem_text(problem, spoken)}: {numbers.integer(count, spoken)}")
    _tell_values(t, found.unreadable, found.words)
    if found.empty:
        say(t("import.empty", columns=", ".join(found.empty)))
    for note in found.notes:
        say(t("import.note", note=in_language(note, spoken)))


def _tell_values(t: Translate, unreadable: dict[str, int], words: dict[str, list[str]]) -> None:
    for column, count in unreadable.items():
        said = t("import.unreadable", column=column, n=count)
        if others := words.get(column):
            said += f" ({t('import.words', words=', '.join(others))})"
        say(f"{said}.")
