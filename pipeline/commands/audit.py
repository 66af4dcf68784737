"""`gelombang audit`: is this cohort the one that the published lists and the seed give?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipeline.commands.common.options import DataOption, WaveArgument, finished
from pipeline.domain import errors
from pipeline.runtime.terminal import Terminal

_SHOWN = 20


def audit(
    wave: WaveArgument,
    data: DataOption = None,
    seed: Annotated[str | None, typer.Option(help="The seed as it was announced. Default: the calendar's.")] = None,
    quota: Annotated[int | None, typer.Option(min=1, help="The places announced. Default: the calendar's.")] = None,
) -> None:
    """Check a wave: draw it again from its lists and seed, and compare every file with the signed record."""
    from pipeline.draw.beacon import round_of
    from pipeline.inspection.integrity import integrity
    from pipeline.inspection.redraw import audit as draw_again

    store, declared, folder = finished(data, wave)
    announced: dict[str, Any] = {k: getattr(declared, k) for k in ("priority_share", "selfie", "refill")}
    announced["quota"] = declared.quota if quota is None else quota
    if seed is not None or declared.seed:
        announced["seed"] = declared.seed if seed is None else seed
    differences = integrity(store, declared)  # which has what was published
    published = None
    if declared.beacon:
        announced |= {"beacon": declared.beacon, "round": round_of(declared)}
        published = store.published(declared.key)
    found = draw_again(folder, announced, published)
    found.differences += differences
    console = Terminal()
    if found.demonstration:
        console.print("A demonstration: everybody could compute this beacon beforehand.", style="yellow", markup=False)
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
