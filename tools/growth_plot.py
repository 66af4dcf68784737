"""Draws how the cost of screening grows with the country: CPU and memory of each step of the selection bench, over its
people.

``python tools/growth_plot.py figures.csv`` – lines ``people,step,wall,cpu,peak_mb`` as the bench appends them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "screening-growth.svg"
NAMES = {"scan": "bare scan", "screen": "screening", "polars": "polars, joins alone", "pandas": "pandas, joins alone"}


def plot(figures: pd.DataFrame) -> str:
    """Two small charts side by side, as SVG."""
    table = figures.assign(millions=figures["people"] / 1e6, what=figures["step"].map(NAMES))
    base = alt.Chart(table, width=300, height=220).encode(
        alt.X("millions", title="million people in the register", scale=alt.Scale(zero=True)),
        alt.Color("what", title=None, sort=list(NAMES.values()), legend=alt.Legend(orient="bottom")),
    )
    charts = [
        layer.mark_line(point=True)
        for layer in (
            base.encode(alt.Y("cpu", title="CPU seconds")),
            base.encode(alt.Y("peak_mb", title="peak memory, MB")),
        )
    ]
    return str(vl_convert.vegalite_to_svg(alt.hconcat(*charts).to_json()))


if __name__ == "__main__":
    columns = ["people", "step", "wall", "cpu", "peak_mb"]
    PICTURE.write_text(plot(pd.read_csv(sys.argv[1], names=columns)), encoding="utf-8")
