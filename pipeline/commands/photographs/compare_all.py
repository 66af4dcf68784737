"""`gelombang compare-all`: finds photographs of a list that show one face, or are one picture. No wave is needed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from pipeline.commands.common.options import LanguageOption, language_of
from pipeline.commands.common.photo_pairs import WorkersOption, progress_bar, read_columns, say_outside
from pipeline.domain import contracts
from pipeline.domain.errors import UncalibratedModelError
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import label
from pipeline.runtime.processes import cores
from pipeline.runtime.terminal import Terminal
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import PhotoPair
from pipeline.storage import files

ListArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="PHOTOS.csv", help="CSV with a column photo.")
]
FolderOption = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder of the photographs. Default: the CSV's own.")
]


def compare_all(
    photographs: ListArgument,
    out: Annotated[Path, typer.Argument(help="Parquet to write, one row a pair, nearest first.")],
    *,
    photos: FolderOption = None,
    workers: WorkersOption = 0,
    language: LanguageOption = None,
) -> None:
    """Compare every photograph with every other: pairs of one face, and copies of one picture.

    Example: gelombang compare-all photos.csv out.parquet --photos folder
    """
    from pipeline.selfie.look import prints_of
    from pipeline.selfie.one_against_all.candidates import within
    from pipeline.selfie.one_against_all.prints import record, rows_of

    spoken, policy = language_of(language), SelfiePolicy.default(settings())
    if policy.one_against_all is None:
        raise UncalibratedModelError(
            f"The recogniser {policy.model} has no threshold for one against all.",
            "Set `one_against_all` in the policy file, or use a recogniser whose policy has it.",
        )
    named = [(name or "").strip() for name in read_columns(photographs, ("photo",))["photo"].to_pylist()]
    paths = list(dict.fromkeys(name for name in named if name))
    root = photos or photographs.parent
    say_outside(paths, root, spoken)
    with progress_bar("photographs", len(paths)) as tell:
        batches = prints_of(
            [PhotoPair(path, None) for path in paths],
            selfies=root,
            photos=root,
            model=policy.model,
            workers=min(workers or cores(), max(1, len(paths) // 8)),
            progress=tell,
        )
        seen = [(path, one) for path, one in zip(paths, (p for batch in batches for p in batch), strict=True) if one]
    dimensions = next((len(one.selfie.face) for _, one in seen if one.selfie.face is not None), 0)
    names = [path for path, _ in seen]
    prints = rows_of((one for _, one in seen), dimensions) if seen else np.zeros(0, record(0))
    with progress_bar("pairs", 1) as tell:
        pairs = within(prints, policy.one_against_all, tell)
    columns = {
        "one": [names[at] for at in pairs.one.tolist()],
        "other": [names[at] for at in pairs.other.tolist()],
        "similarity": [None if math.isnan(near) else near for near in pairs.similarity.tolist()],
        "same_file": pairs.same_file,
    }
    files.write_table(pa.table(columns, schema=contracts.PHOTO_CANDIDATES), out, contracts.PHOTO_CANDIDATES)
    faces = sum(one.selfie.face is not None for _, one in seen)
    counts = {"n": len(paths), "readable": len(seen), "faces": faces, "pairs": len(pairs)}
    Terminal(stderr=True).print(label("photo_list.compared", spoken, **counts))
