"""The hash that orders a draw, as a SQL function. Screening, the draw and the decision use this one definition.

The audit (``pipeline/inspection/redraw.py``) computes the hash on its own, so that it can find a mistake here.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from pipeline.domain.calendar import Wave

if TYPE_CHECKING:
    import duckdb


def define_draw(db: duckdb.DuckDBPyConnection, wave: Wave) -> None:
    """Gives a connection ``draw_of(registration_id)``: an application's place in the wave's draw, as hex."""
    text = (files("pipeline.domain") / "sql" / "draw_of.sql").read_text(encoding="utf-8")
    seed = wave.seed.replace("'", "''")  # inside an SQL literal
    db.execute(text.replace("$seed", f"'{seed}'"))
