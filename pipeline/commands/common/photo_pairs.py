"""What `verify-photos` and `calibrate` share: the CSV of pairs, its options, and verification with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.domain.errors import MissingColumnError
from pipeline.domain.settings import settings
from pipeline.ingest.csv_reader import read_csv
from pipeline.runtime.processes import cores
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import PhotoPair, Verdict
from pipeline.selfie.verify import verify_pairs

PhotosOption = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder of both columns. Default: the CSV's own.")
]
WorkersOption = Annotated[int, typer.Option(min=0, help="Worker processes; 0: one per core.")]


def read_columns(path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> pa.Table:
    """The CSV's columns as text, the optional ones as far as they are there. Raises MissingColumnError."""
    lines = read_csv(path)
    missing = [name for name in needed if lines is None or name not in lines.header]
    if lines is None or missing:
        raise MissingColumnError(f"{path} has no column {', '.join(missing)}.", "The command's --help has its columns.")
    needed += tuple(name for name in optional if name in lines.header)
    nothing = pa.table({name: pa.array([], pa.string()) for name in needed})  # a header alone is a list of nobody
    return pa.concat_tables([nothing, *(part.select(list(needed)) for part in lines.tables)])


def read_pairs(path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> pa.Table:
    """The CSV's columns of pairs, `selfie` among them. Raises MissingColumnError."""
    table = read_columns(path, needed, optional)
    return table.set_column(0, "selfie", pc.utf8_trim_whitespace(table["selfie"]))


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; yields what moves it: ``(done, total)``."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        line = bar.add_task("", total=total)
        yield lambda done, all_: bar.update(line, completed=done, total=all_)


def verify(pairs: list[PhotoPair], root: Path, workers: int = 0, policy: SelfiePolicy | None = None) -> list[Verdict]:
    """Verifies with a progress bar; a pair may do without a reference."""
    with progress_bar("photographs", len(pairs)) as tell:
        return verify_pairs(
            pairs,
            selfies=root,
            photos=root,
            policy=policy or SelfiePolicy.default(settings()),
            workers=min(workers or cores(), max(1, len(pairs) // 8)),
            progress=tell,
            reference_asked=False,
        )
