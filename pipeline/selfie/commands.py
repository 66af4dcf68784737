"""`gelombang verify-photos` and `gelombang calibrate`: the selfie room's own doors for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline import contracts, disk, reasons
from pipeline.errors import BadSettingError, MissingColumnError
from pipeline.ingest.lines import read_csv
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verdict import PhotoPair, Verdict
from pipeline.selfie.verify import verify_pairs
from pipeline.settings import settings
from pipeline.workers import cores

PairsArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with selfie and reference.")]
PhotosOption = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder of both columns. Default: the CSV's own.")
]
WorkersOption = Annotated[int, typer.Option(min=0, help="Worker processes; 0: one per core.")]


def verify_photos(
    pairs: PairsArgument,
    out: Annotated[Path, typer.Argument(help="Parquet to write, one row a pair.")],
    photos: PhotosOption = None,
    overlay: Annotated[Path | None, typer.Option(help="Folder for pictures that show what was seen.")] = None,
    workers: WorkersOption = 0,
) -> None:
    """Verify pairs of photographs: decision, similarity, defects and their scores, in the order of the CSV."""
    table = read_pairs(pairs, ("selfie", "reference"))
    root = photos or pairs.parent
    found = list(zip(table["selfie"].to_pylist(), table["reference"].to_pylist(), strict=True))
    verdicts = verify([PhotoPair(a or None, b or None) for a, b in found], root, workers)
    columns: dict[str, object] = {
        "selfie": [a for a, _ in found],
        "reference": [b for _, b in found],
        "decision": [v.decision for v in verdicts],
        "similarity": [v.similarity for v in verdicts],
        "reasons": [list(v.reasons) for v in verdicts],
        **{name: [getattr(v, name) for v in verdicts] for name in (*reasons.DEFECTS, "faces")},
    }
    disk.write_table(pa.table(columns, schema=contracts.PHOTO_PAIRS_OUT), out, contracts.PHOTO_PAIRS_OUT)
    if overlay:
        from pipeline.selfie.overlay import draw_overlays

        draw_overlays([a for a, _ in found], verdicts, root, overlay)


def calibrate(
    pairs: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: selfie, reference, same (1 or 0).")],
    photos: PhotosOption = None,
    fmr: Annotated[float, typer.Option(min=1e-6, max=0.5, help="False-match rate that a match may have.")] = 0.001,
    out: Annotated[Path, typer.Option(help="Folder for policy.toml, report.json and det.svg.")] = Path("calibration"),
    workers: WorkersOption = 0,
) -> None:
    """Propose thresholds for the recogniser in force from labelled pairs, with their error rates."""
    from pipeline.selfie.calibration import calibrate_distances, write_calibration

    table = read_pairs(pairs, ("selfie", "reference", "same"))
    labels = [str(v).strip() for v in table["same"].to_pylist()]
    if not {"0", "1"} >= set(labels) or len(set(labels)) < 2:
        raise BadSettingError(f"{pairs}: `same` must hold both 1 and 0, and nothing else.", "Label the pairs.")
    found = zip(table["selfie"].to_pylist(), table["reference"].to_pylist(), strict=True)
    neutral = SelfiePolicy.load(Path(__file__).with_name("policies") / "GelombangDlib.toml").model_copy(
        update={"model": settings().selfie.model}
    )
    verdicts = verify([PhotoPair(a or None, b or None) for a, b in found], photos or pairs.parent, workers, neutral)
    result = calibrate_distances([v.distance for v in verdicts], [label == "1" for label in labels], fmr)
    Console().print(result.summary(), soft_wrap=True)
    for path in write_calibration(result, neutral, pairs.name, out):
        Console().print(f"  {path}", soft_wrap=True)


def read_pairs(path: Path, needed: tuple[str, ...]) -> pa.Table:
    """The CSV's columns as text. Raises MissingColumnError."""
    lines = read_csv(path)
    missing = [name for name in needed if lines is None or name not in lines.header]
    if lines is None or missing:
        raise MissingColumnError(f"{path} has no column {', '.join(missing)}.", "The command's --help has its columns.")
    nothing = pa.table({name: pa.array([], pa.string()) for name in needed})  # a header alone is a list of nobody
    table = pa.concat_tables([nothing, *(part.select(list(needed)) for part in lines.tables)])
    return table.set_column(0, "selfie", pc.utf8_trim_whitespace(table["selfie"]))


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
