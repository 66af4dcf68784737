"""Thresholds from labelled pairs: ROC, error rates with confidence intervals, and a policy file of their own.

Pure arithmetic on distances (smaller: more alike); writes into a folder of the caller's choice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import BadSettingError
from pipeline.domain.wilson import wilson
from pipeline.selfie.policy import Calibration, SelfiePolicy
from pipeline.storage import files

#: Doubt reaches to where a pair is as likely genuine as not at equal odds, but never beyond this false-match rate.
_DOUBT_FMR = 0.02
_ROUNDS = 1_000


@dataclass(frozen=True)
class CalibrationResult:
    """Distances below ``match`` are a match at a false-match rate of ``fmr``; rates come with 95 % intervals."""

    pairs: int
    genuine: int
    impostor: int
    not_compared: int
    auc: float
    auc_interval: tuple[float, float]
    fmr: float
    fmr_interval: tuple[float, float]
    fnmr: float
    fnmr_interval: tuple[float, float]
    match: float
    doubt: float
    midpoint: float
    slope: float
    curve: list[tuple[float, float]] = field(repr=False, default_factory=list)

    def summary(self) -> str:
        """What a person reads at the prompt."""
        span = "{:.2%} ({:.2%} to {:.2%})"
        return (
            f"{self.genuine} genuine and {self.impostor} impostor pairs, {self.not_compared} without a comparison\n"
            f"AUC {self.auc:.4f} ({self.auc_interval[0]:.4f} to {self.auc_interval[1]:.4f})\n"
            f"match below distance {self.match:.4f}: false matches {span.format(self.fmr, *self.fmr_interval)}, "
            f"false non-matches {span.format(self.fnmr, *self.fnmr_interval)}\n"
            f"doubt below distance {self.doubt:.4f}"
        )


def auc(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> float:
    """Chance that a genuine pair lies closer than an impostor pair; ties count half."""
    order = np.sort(impostor)
    wins = len(order) - np.searchsorted(order, genuine, side="right")
    ties = np.searchsorted(order, genuine, side="right") - np.searchsorted(order, genuine, side="left")
    return float((wins + ties / 2).mean() / len(order))


def calibrate_distances(distances: Sequence[float | None], same: Sequence[bool], fmr: float) -> CalibrationResult:
    """Thresholds for a false-match rate. A genuine pair that could not be compared counts as a false non-match."""
    compared = [(d, s) for d, s in zip(distances, same, strict=True) if d is not None]
    genuine = np.sort([d for d, s in compared if s])
    impostor = np.sort([d for d, s in compared if not s])
    if len(genuine) < 10 or len(impostor) < 10:
        raise BadSettingError("Fewer than ten pairs of a kind could be compared.", "Label more pairs, or clearer ones.")
    match, doubt = _at(impostor, fmr), _at(impostor, max(fmr, _DOUBT_FMR))
    midpoint, slope = _logistic(genuine, impostor)
    lost = sum(1 for d, s in zip(distances, same, strict=True) if s and (d is None or d >= match))
    false = int((impostor < match).sum())
    total = sum(same)
    seed = np.random.default_rng(0)
    rounds = [auc(seed.choice(genuine, len(genuine)), seed.choice(impostor, len(impostor))) for _ in range(_ROUNDS)]
    low, high = np.percentile(rounds, [2.5, 97.5])
    steps = np.quantile(np.concatenate([genuine, impostor]), np.linspace(0, 1, 400))
    return CalibrationResult(
        pairs=len(distances),
        genuine=total,
        impostor=len(distances) - total,
        not_compared=len(distances) - len(compared),
        auc=auc(genuine, impostor),
        auc_interval=(float(low), float(high)),
        fmr=false / len(impostor),
        fmr_interval=wilson(false, len(impostor)),
        fnmr=lost / total,
        fnmr_interval=wilson(lost, total),
        match=match,
        doubt=doubt,
        midpoint=midpoint,
        slope=slope,
        curve=[(float((impostor < t).mean()), float((genuine >= t).mean())) for t in steps],
    )


def _at(impostor: NDArray[np.float64], fmr: float) -> float:
    """The distance below which at most this share of impostors lies."""
    return round(float(impostor[int(np.floor(fmr * len(impostor)))]), 4)


def _logistic(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> tuple[float, float]:
    """Midpoint and slope of the similarity, both kinds weighing the same."""
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate([genuine, impostor])[:, None]
    y = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    fit = LogisticRegression(C=1e3, class_weight="balanced").fit(x, y)
    slope = float(-fit.coef_[0, 0])
    return round(float(fit.intercept_[0]) / slope, 4), round(slope, 3)


def write_calibration(result: CalibrationResult, base: SelfiePolicy, source: str, folder: Path) -> list[Path]:
    """Writes ``policy.toml`` (for GELOMBANG_SELFIE__POLICY_FILE), ``report.json`` and ``det.svg``."""
    curve = Calibration(midpoint=result.midpoint, slope=result.slope)
    points = "\n".join(f"{name} = {value}" for name, value in base.points.items())
    text = f"""# Written by `gelombang calibrate` from {source}.
model = "{base.model}"
match = {curve.similarity(result.match):.4f}
doubt = {curve.similarity(result.doubt):.4f}
strict = {json.dumps(list(base.strict))}
source = "{source}: {result.genuine} genuine and {result.impostor} impostor pairs; false matches {result.fmr:.4%}, \
false non-matches {result.fnmr:.2%}"

[calibration]
midpoint = {result.midpoint}
slope = {result.slope}

[points]
{points}
"""
    return [
        files.write_text(text, folder / "policy.toml"),
        files.write_json(asdict(result), folder / "report.json"),
        files.write_text(_plot(result), folder / "det.svg"),
    ]


def _plot(result: CalibrationResult) -> str:
    """The DET curve: false non-matches over false matches, both logarithmic."""
    import altair as alt
    import pandas as pd
    import vl_convert

    floor = 1 / (2 * max(result.impostor, result.genuine))
    points = pd.DataFrame([(max(a, floor), max(b, floor)) for a, b in result.curve], columns=["fmr", "fnmr"])
    scale = alt.Scale(type="log")
    chart = alt.Chart(points, width=420, height=320, title=f"DET (AUC {result.auc:.4f})")
    lines = chart.mark_line(interpolate="step-after").encode(
        alt.X("fmr", scale=scale, title="false-match rate"), alt.Y("fnmr", scale=scale, title="false non-match rate")
    )
    return str(vl_convert.vegalite_to_svg(lines.to_json()))
