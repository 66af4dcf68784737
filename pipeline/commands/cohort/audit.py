"""`gelombang audit`: checks that this cohort follows from the published lists and the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.common.console import say_json
from pipeline.commands.common.number_options import whole
from pipeline.commands.common.options import DataOption, JsonOption, LanguageOption, WaveArgument, finished, language_of
from pipeline.domain import errors
from pipeline.reports.language.labels import translator
from pipeline.runtime.terminal import Terminal

if TYPE_CHECKING:
    from pipeline.inspection.redraw import Audit

_SHOWN = 20


def audit(
    wave: WaveArgument,
    *,
    data: DataOption = None,
    seed: Annotated[str | None, typer.Option(help="The seed as it was announced. Default: the calendar's.")] = None,
    quota: Annotated[int | None, whole("The places announced. Default: the calendar's.", least=1)] = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a wave: draw it again from its lists and seed, and compare every file with the signed record.

    Example: gelombang audit 12
    """
    from pipeline.draw.beacon import round_of
    from pipeline.inspection.integrity import integrity
    from pipeline.inspection.redraw import audit as draw_again
    from pipeline.wave_run.evidence import erased, purged

    spoken = language_of(language)
    store, declared, folder = finished(data, wave)
    announced: dict[str, Any] = {k: getattr(declared, k) for k in ("priority_share", "selfie", "refill")}
    if declared.areas:
        announced["areas"] = [list(area) for area in declared.areas]
    announced["quota"] = declared.quota if quota is None else quota
    if seed is not None or declared.seed:
        announced["seed"] = declared.seed if seed is None else seed
    differences = integrity(store, declared)  # the revision's folder has what was published
    published = None
    if declared.beacon:
        announced |= {"beacon": declared.beacon, "round": round_of(declared)}
        published = store.published(declared.key)
    found = draw_again(folder, announced, published, erased(store, wave), purged(store, wave, folder))
    found.differences += differences
    if as_json:
        say_json(found.to_json(), indent=1)
    else:
        _show(found, spoken)
    if found.same:
        return
    raise errors.AuditDiffersError(f"Wave {wave} differs from its draw in {len(found.differences):,} places.")


def _show(found: Audit, language: str) -> None:
    console, t = Terminal(), translator(language)
    if found.demonstration:
        console.print(t("audit.demonstration"), style="yellow", markup=False)
    if found.same:
        said = t("audit.same", listed=found.listed, accepted=found.accepted, seed=found.seed)
        console.print(said, style="green", markup=False, soft_wrap=True)
    for difference in found.differences[:_SHOWN]:
        console.print(f"  {difference.says(language)}", markup=False, highlight=False, soft_wrap=True)
    if (more := len(found.differences) - _SHOWN) > 0:
        console.print(f"  {t('audit.more', n=more)}", markup=False)
