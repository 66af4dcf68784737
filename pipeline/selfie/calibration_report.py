"""The results of a calibration: a table for a person, a policy file for the pipeline, a report and a plot by group.

Writes into a folder of the caller's choice.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from pipeline.selfie.calibration import CalibrationResult, GroupRates
from pipeline.selfie.policy import Calibration, SelfiePolicy
from pipeline.storage import files

#: The text where the pairs have no groups.
AVERAGE = (
    "The pairs name no groups, so these rates are an average and cannot be trusted: a recogniser can be right on\n"
    "average and let one stranger in three pass in one group. Add a column `group` (sex and origin)."
)


def summary(result: CalibrationResult) -> str:
    """The table that a person reads at the prompt."""
    lines = [] if result.grouped else [AVERAGE, ""]
    lines.append(f"AUC {result.auc:.4f}; {result.not_compared} pairs without a comparison")
    lines.append(f"match below distance {result.match:.4f}, set by {result.worst}; doubt below {result.doubt:.4f}")
    for rates in (*(result.groups if result.grouped else ()), result.overall):
        lines.append(f"{rates.group}")
        lines.append(f"  false matches     {rates.false_matches}")
        lines.append(f"  genuine, no match {rates.not_matched}")
        lines.append(f"  genuine, rejected {rates.rejected}")
        lines.append(f"  strangers in doubt {rates.impostors_in_doubt}")
    if result.grouped and result.too_few:
        lines.append("Too few pairs of different people to show that the limit is kept: " + ", ".join(result.too_few))
    return "\n".join(lines)


def policy_text(result: CalibrationResult, base: SelfiePolicy, source: str, made_by: str) -> str:
    """The policy file: ``base`` with the proposed thresholds and the rates that were measured."""
    curve = Calibration(midpoint=result.midpoint, slope=result.slope)
    points = "\n".join(f"{name} = {value}" for name, value in base.points.items())
    one_against_all = "" if base.one_against_all is None else f"one_against_all = {base.one_against_all}\n"
    card_face = ""
    if base.card_face is not None:  # it was measured at a distance, which has another similarity on another curve
        card_face = f"card_face = {curve.similarity(base.calibration.distance(base.card_face)):.6f}\n"
    groups = "\n".join(_group(rates) for rates in result.groups) if result.grouped else ""
    return f"""# Written by {made_by} from {source}.
model = "{base.model}"
match = {curve.similarity(result.match):.6f}
doubt = {curve.similarity(result.doubt):.6f}
{one_against_all}{card_face}strict = {json.dumps(list(base.strict))}
source = {json.dumps(_source(result, source), ensure_ascii=False)}

[calibration]
midpoint = {result.midpoint}
slope = {result.slope}

[points]
{points}
{groups}"""


def write_calibration(result: CalibrationResult, base: SelfiePolicy, source: str, folder: Path) -> list[Path]:
    """Writes ``policy.toml`` (for GELOMBANG_SELFIE__POLICY_FILE), ``report.json`` and ``det.svg``."""
    text = policy_text(result, base, source, "`gelombang calibrate`")
    return [
        files.write_text(text, folder / "policy.toml"),
        files.write_json(asdict(result), folder / "report.json"),
        files.write_text(_plot(result), folder / "det.svg"),
    ]


def _source(result: CalibrationResult, source: str) -> str:
    kind = "worst group" if result.grouped else "AVERAGE, no groups were given"
    worst = max(result.groups, key=lambda rates: rates.false_matches.share)
    return (
        f"{source}: {result.overall.not_matched.of} genuine and {result.overall.false_matches.of} impostor pairs; "
        f"false matches {worst.false_matches.share:.3%} ({kind}), genuine pairs not matched "
        f"{result.overall.not_matched.share:.2%}"
    )


def _group(rates: GroupRates) -> str:
    return f"""
[[group]]
name = {json.dumps(rates.group, ensure_ascii=False)}
impostor_pairs = {rates.false_matches.of}
false_matches = {rates.false_matches.count}
genuine_pairs = {rates.not_matched.of}
not_matched = {rates.not_matched.count}
rejected = {rates.rejected.count}
"""


def _plot(result: CalibrationResult) -> str:
    """The DET curve of every group: genuine pairs not matched over false matches, both logarithmic."""
    import altair as alt
    import pandas as pd
    import vl_convert

    rows = [
        (rates.group, max(a, 0.5 / rates.false_matches.of), max(b, 0.5 / rates.not_matched.of))
        for rates in (*result.groups, result.overall)
        for a, b in rates.curve
    ]
    scale = alt.Scale(type="log")
    chart = alt.Chart(
        pd.DataFrame(rows, columns=["group", "fmr", "fnmr"]), width=480, height=340, title=f"DET (AUC {result.auc:.4f})"
    )
    lines = chart.mark_line(interpolate="step-after").encode(
        alt.X("fmr", scale=scale, title="false match rate"),
        alt.Y("fnmr", scale=scale, title="genuine pairs not matched"),
        alt.Color("group", title="group"),
    )
    return str(vl_convert.vegalite_to_svg(lines.to_json()))
