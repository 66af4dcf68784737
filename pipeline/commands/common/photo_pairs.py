"""What `verify-photos` and `calibrate` share: the CSV of pairs, its options, and verification with a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.domain.errors import MissingColumnError, UnreadableFileError
from pipeline.domain.settings import settings
from pipeline.ingest.csv_reader import BLANK, REPEATED_HEADER, read_csv
from pipeline.runtime.processes import cores
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import PhotoPair, Verdict
from pipeline.selfie.verify import verify_pairs

PhotosOption = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder of both columns. Default: the CSV's own.")
]
WorkersOption = Annotated[int, typer.Option(min=0, help="Worker processes; 0: one per core.")]


def read_pairs(path: Path, needed: tuple[str, ...]) -> pa.Table:
    """The CSV's columns as text, without blanks around them.

    Raises MissingColumnError, and UnreadableFileError for a row that is no pair: the answer has a row for each.
    """
    lines = read_csv(path)
    if lines is None:
        raise MissingColumnError(f"{path} has no column {', '.join(needed)}.", "The command's --help has its columns.")
    lines.need(needed)
    nothing = pa.table({name: pa.array([], pa.string()) for name in needed})  # a header alone is a list of nobody
    table = pa.concat_tables([nothing, *(part.select(list(needed)) for part in lines.tables)])
    for line, problem in lines.set_aside.lines:
        if problem not in (REPEATED_HEADER, BLANK):
            raise UnreadableFileError(f"{path}, line {line}: {problem}.", "Mend the line: each must be a pair.")
    return pa.table({name: pc.utf8_trim_whitespace(table[name]) for name in needed})


def verify(pairs: list[PhotoPair], root: Path, workers: int = 0, policy: SelfiePolicy | None = None) -> list[Verdict]:
    """Verifies with a progress bar; a pair may do without a reference."""
    columns = (TextColumn("photographs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        line = bar.add_task("", total=len(pairs))
        return verify_pairs(
            pairs,
            selfies=root,
            photos=root,
            policy=policy or SelfiePolicy.default(settings()),
            workers=min(workers or cores(), max(1, len(pairs) // 8)),
            progress=lambda done, _: bar.update(line, completed=done),
            reference_asked=False,
        )
