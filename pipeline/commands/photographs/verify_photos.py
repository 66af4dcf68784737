"""`gelombang verify-photos`: decision, similarity and defects for pairs of photographs, without a wave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from pipeline.commands.common.photo_pairs import PhotosOption, WorkersOption, read_columns, say_outside, verify
from pipeline.domain import contracts, reasons
from pipeline.domain.contracts.values import CARD_FINDINGS
from pipeline.domain.settings import settings
from pipeline.selfie.verdict import PhotoPair
from pipeline.storage import files

_CARD = tuple(column.name for column in CARD_FINDINGS)

PairsArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="CSV with selfie, reference and, if known, nik.")
]


def verify_photos(
    pairs: PairsArgument,
    out: Annotated[Path, typer.Argument(help="Parquet to write, one row a pair.")],
    *,
    photos: PhotosOption = None,
    overlay: Annotated[Path | None, typer.Option(help="Folder for pictures that show what was seen.")] = None,
    workers: WorkersOption = 0,
    card: Annotated[bool, typer.Option(help="Look for the identity card in the selfie, and read its number.")] = True,
) -> None:
    """Verify pairs of photographs: decision, similarity, defects and their scores, in the order of the CSV.

    Example: gelombang verify-photos pairs.csv out.parquet --photos folder
    """
    table = read_columns(pairs, ("selfie", "reference"), ("nik",))
    root = photos or pairs.parent
    say_outside([*table["selfie"].to_pylist(), *table["reference"].to_pylist()], root, settings().language)
    found = list(zip(table["selfie"].to_pylist(), table["reference"].to_pylist(), strict=True))
    numbers = table["nik"].to_pylist() if "nik" in table.column_names else [None] * len(found)
    asked = [PhotoPair(a or None, b or None, nik or None) for (a, b), nik in zip(found, numbers, strict=True)]
    verdicts = verify(asked, root, workers, cards=card)
    columns: dict[str, object] = {
        "selfie": [a for a, _ in found],
        "reference": [b for _, b in found],
        "decision": [v.decision for v in verdicts],
        "similarity": [v.similarity for v in verdicts],
        "reasons": [list(v.reasons) for v in verdicts],
        **{name: [getattr(v, name) for v in verdicts] for name in (*reasons.DEFECTS, "faces", *_CARD)},
    }
    files.write_table(pa.table(columns, schema=contracts.PHOTO_PAIRS_OUT), out, contracts.PHOTO_PAIRS_OUT)
    if overlay:
        from pipeline.selfie.overlay import draw_overlays

        draw_overlays([a for a, _ in found], verdicts, root, overlay)
