"""`gelombang audit`: is this cohort the one that the published lists and the seed give?"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from pipeline import errors
from pipeline.commands.finished import DataOption, WaveArgument, finished

_SHOWN = 20
_GIVEN = "given when the wave was started"


def audit(
    wave: WaveArgument,
    data: DataOption = None,
    seed: Annotated[str | None, typer.Option(help="The seed as it was announced. Default: the calendar's.")] = None,
) -> None:
    """Draw a finished wave again from its published lists and seed; say the same, or where it differs."""
    from pipeline.audit import audit as draw_again

    _, declared, folder = finished(data, wave)
    record = json.loads((folder / "draw.json").read_text(encoding="utf-8"))
    announced: dict[str, Any] = {k: getattr(declared, k) for k in ("priority_share", "selfie", "refill")}
    if seed is not None or record["seed_source"] != _GIVEN:
        announced["seed"] = seed if seed is not None else declared.seed
    found = draw_again(folder, announced)
    console = Console()
    if found.same:
        console.print(
            f"The same: {found.listed:,} on the list, {found.accepted:,} accepted, drawn again with the seed "
            f"“{found.seed}”.",
            style="green",
            markup=False,
            soft_wrap=True,
        )
        return
    for difference in found.differences[:_SHOWN]:
        console.print(f"  {difference.where}: {difference.what}", markup=False, highlight=False, soft_wrap=True)
    if len(found.differences) > _SHOWN:
        console.print(f"  … and {len(found.differences) - _SHOWN:,} more", markup=False)
    raise errors.AuditDiffersError(f"Wave {wave} differs from its draw in {len(found.differences):,} places.")
