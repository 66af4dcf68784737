"""`gelombang calibrate`: thresholds for the recogniser in force, proposed from labelled pairs of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common.number_options import decimal
from pipeline.commands.common.photo_pairs import PhotosOption, WorkersOption, read_columns, verify
from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.runtime.terminal import Terminal
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT
from pipeline.selfie.verdict import PhotoPair


def calibrate(
    pairs: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV: selfie, reference, same (1 or 0), group if known.")
    ],
    *,
    photos: PhotosOption = None,
    fmr: Annotated[
        float, decimal("False-match rate that a match may have in the worst group.", least=1e-6, most=0.5)
    ] = 0.001,
    out: Annotated[Path, typer.Option(help="Folder for policy.toml, report.json and det.svg.")] = Path("calibration"),
    workers: WorkersOption = 0,
) -> None:
    """Propose thresholds for the recogniser in force from labelled pairs, set by the group that fares worst.

    Example: gelombang calibrate labelled.csv --out calibration
    """
    from pipeline.selfie import calibration
    from pipeline.selfie.calibration_report import summary, write_calibration

    table = read_columns(pairs, ("selfie", "reference", "same"), optional=("group",))
    labels = [str(v).strip() for v in table["same"].to_pylist()]
    if not {"0", "1"} >= set(labels) or len(set(labels)) < 2:
        raise BadSettingError(f"{pairs}: `same` must hold both 1 and 0, and nothing else.", "Label the pairs.")
    found = zip(table["selfie"].to_pylist(), table["reference"].to_pylist(), strict=True)
    neutral = SelfiePolicy.load(BUILT_IN / f"{DEFAULT}.toml")
    if settings().selfie.model != DEFAULT:  # what these two were measured with is our own recogniser
        other = {"model": settings().selfie.model, "one_against_all": None, "card_face": None}
        neutral = neutral.model_copy(update=other)
    verdicts = verify([PhotoPair(a or None, b or None) for a, b in found], photos or pairs.parent, workers, neutral)
    groups = [v or "not named" for v in table["group"].to_pylist()] if "group" in table.column_names else None
    labelled = calibration.by_group([v.distance for v in verdicts], [label == "1" for label in labels], groups)
    result = calibration.calibrate(labelled, fmr)
    Terminal().print(summary(result), soft_wrap=True, markup=False)
    for path in write_calibration(result, neutral, pairs.name, out):
        Terminal().print(f"  {path}", soft_wrap=True, markup=False)
