"""Shared by `verify-photos` and `calibrate`: the CSV of pairs, its options, and verification with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.commands.common.console import say
from pipeline.commands.common.number_options import whole
from pipeline.domain.errors import MissingColumnError, UnreadableFileError
from pipeline.domain.settings import settings
from pipeline.ingest.csv_reader import REPEATED_HEADER, read_csv
from pipeline.reports.language.labels import translator
from pipeline.runtime.processes import cores
from pipeline.runtime.terminal import Terminal
from pipeline.selfie.decode import leads_out
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import PhotoPair, Verdict
from pipeline.selfie.verify import verify_pairs
from pipeline.storage import duckdb_sql

PhotosOption = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder of both columns. Default: the CSV's own.")
]
WorkersOption = Annotated[int, whole("Worker processes; 0: one per core.", least=0)]


def read_columns(path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> pa.Table:
    """The CSV's columns as text, without blanks and marks around them; the optional ones as far as they are there.

    Raises MissingColumnError, and UnreadableFileError for a line that is not a row: the result has one row for each
    line.
    """
    lines = read_csv(path)
    if lines is None:
        raise MissingColumnError(f"{path} has no column {', '.join(needed)}.", "The command's --help has its columns.")
    lines.need(needed, optional)
    needed += tuple(name for name in optional if name in lines.header.names)
    lines.need(needed)  # a later header must have the same optional columns
    empty = pa.table({name: pa.array([], pa.string()) for name in needed})  # a header alone is an empty list
    table = pa.concat_tables([empty, *(part.select(list(needed)) for part in lines.tables)])
    for line, problem, _ in lines.set_aside.rows():
        if problem != REPEATED_HEADER:
            where = f", line {line}" if line else ""
            raise UnreadableFileError(f"{path}{where}: {problem}.", "Mend the line: each must be a row.")
    with duckdb.connect() as db:
        duckdb_sql.run(db, "pipeline.storage", "sql/blanks")
        db.register("delivered", table)
        bare = ", ".join(f'bare("{name}") AS "{name}"' for name in needed)
        return db.sql(f"SELECT {bare} FROM delivered").to_arrow_table()


def say_outside(paths: Iterable[str | None], root: Path, language: str) -> None:
    """Says how many paths lead out of the folder: their photographs are not opened, and are not bad for that."""
    if outside := sum(map(leads_out, {path for path in paths if path})):
        say(translator(language)("photo_list.outside", n=outside, folder=str(root)), err=True)


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; yields the function that moves it: ``(done, total)``."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Terminal(stderr=True)) as bar:
        line = bar.add_task("", total=total)
        yield lambda done, all_: bar.update(line, completed=done, total=all_)


def verify(
    pairs: list[PhotoPair], root: Path, workers: int = 0, policy: SelfiePolicy | None = None, *, cards: bool = False
) -> list[Verdict]:
    """Verifies with a progress bar; a pair may do without a reference. ``cards``: identity cards are looked for."""
    with progress_bar("photographs", len(pairs)) as advance:
        return verify_pairs(
            pairs,
            selfies=root,
            photos=root,
            policy=policy or SelfiePolicy.default(settings()),
            workers=min(workers or cores(), max(1, len(pairs) // 8)),
            progress=advance,
            reference_asked=False,
            cards=cards,
        )
