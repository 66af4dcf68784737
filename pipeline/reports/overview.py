"""All waves side by side: ``waves/overview.html``, written again after every publication.

Reads the finished waves' funnels and decisions, and what was published of them. People are counted once, however often
they applied. Aggregates only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.domain.calendar import WIB
from pipeline.domain.contracts import COHORT
from pipeline.domain.errors import WaveNotRunError
from pipeline.domain.wave_keys import wave_number
from pipeline.reports import page
from pipeline.reports.figures.alerts import share
from pipeline.reports.figures.comparison import STEPS
from pipeline.reports.figures.objection_counts import objection_counts
from pipeline.reports.figures.query import Query, sql
from pipeline.reports.language.labels import LANGUAGES, label, translator
from pipeline.reports.small_cells.disclosure import Funnel, shown_of
from pipeline.reports.small_cells.suppress import hide, running
from pipeline.reports.wave_states import Published, newest, state_sentences
from pipeline.storage import duckdb_sql
from pipeline.storage.files import read_json, write_table, write_text
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import can_be_opened


@dataclass(frozen=True)
class WaveLine:
    """One wave of the overview; None wherever a figure is not shown or not known.

    ``reached`` and ``applied`` count people from the first wave up to this one; ``days`` from closing to publication.
    """

    key: str
    funnel: Funnel
    shares: dict[str, float | None]
    applied: int | None
    reached: int
    retried: int | None
    days: float | None
    report: bool
    published: Published | None
    simulated: bool


def write_overview(store: Store) -> Path:
    """Writes the overview of every finished wave. Raises WaveNotRunError when there is none."""
    lines = lines_of(store)
    steps = [step for step in STEPS if any(line.shares[step] is not None for line in lines)]
    shared = {"lines": lines, "steps": steps, "objections": objection_counts(store)}
    editions: dict[str, dict[str, Any]] = {
        lang: {
            **shared,
            "summary": _summary(lines, lang),
            "said": _said(lines, lang),
            "simulated": ", ".join(str(line.funnel.wave) for line in lines if line.simulated),
        }
        for lang in LANGUAGES
    }
    return write_text(page.render("overview.html.j2", editions), store.root / "waves" / "overview.html")


def _said(lines: list[WaveLine], language: str) -> list[str]:
    """The state of each wave, in sentences; waves with the same sentences are together."""
    waves: dict[str, list[str]] = {}
    for line in lines:
        waves.setdefault(" ".join(state_sentences(line.published, language)), []).append(str(line.funnel.wave))
    return [label("overview.said", language, waves=", ".join(of), said=said) for said, of in waves.items()]


def lines_of(store: Store) -> list[WaveLine]:
    """One line per finished wave, in order. Raises WaveNotRunError when there is none."""
    folders = [path.parent for path in store.outputs("funnel.json") if path.with_name("decisions.parquet").is_file()]
    if not folders:
        raise WaveNotRunError(f"No wave below {store.root} has outputs yet.")
    known = [
        folder for folder in folders if can_be_opened(folder / "decisions.parquet")
    ]  # otherwise its key was destroyed
    people = _people(store, known) if known else {}
    funnels = [shown_of(folder) for folder in folders]
    new = {f.wave: people.get(f.wave, {}).get("applied", 0) for f in funnels}
    repeated = [f.registrations - new[f.wave] for f in funnels]
    applied = running(list(zip(new.values(), repeated, strict=True)))
    lines: list[WaveLine] = []
    for place, (folder, funnel) in enumerate(zip(folders, funnels, strict=True)):
        upto = [wave for wave in people if wave <= funnel.wave]
        counts = people.get(funnel.wave, {})
        tries = counts.get("retried", 0)
        retried = hide({"retried": tries, "at once": counts.get("accepted", 0) - tries})["retried"]
        lines.append(
            WaveLine(
                key=folder.name,
                funnel=funnel,
                shares={step: share(funnel, step) for step in STEPS},
                applied=applied[place],
                reached=sum(people[wave]["accepted"] for wave in upto),
                retried=retried,
                days=_days(store, folder),
                report=(folder / "report.html").is_file(),
                published=newest(store, folder.name),
                simulated=store.read(f"landing/{folder.name}/simulated.json") is not None,
            )
        )
    return lines


def _people(store: Store, folders: list[Path]) -> dict[int, dict[str, int]]:
    newest = {wave_number(f.name): found[-1] for f in folders if (found := store.revisions(f.name))}
    cohorts = [duckdb_sql.named(folder / "cohort.parquet") for folder in newest.values()]
    empty = store.root / "work" / "nobody.parquet"
    write_table(COHORT.empty_table(), empty, COHORT)  # read_parquet wants one file at least
    with duckdb_sql.connect(store.root / "work") as connection:
        connection.execute(
            "SET VARIABLE all_decisions = ?", [[duckdb_sql.named(f / "decisions.parquet") for f in folders]]
        )
        connection.execute("SET VARIABLE published_cohorts = ?", [[duckdb_sql.named(empty), *cohorts]])
        connection.execute("SET VARIABLE published_waves = CAST(? AS INTEGER[])", [list(newest)])
        connection.execute(sql("all_waves"))
        return {row["wave"]: row for row in Query(connection).rows("people_by_wave")}


def _days(store: Store, folder: Path) -> float | None:
    """Days from a wave's closing until it was first published; None where it was not."""
    manifest, revisions = folder / "manifest.json", store.revisions(folder.name)
    if not manifest.is_file() or not revisions or not (revisions[0] / "publication.json").is_file():
        return None
    closes = datetime.fromisoformat(read_json(manifest)["closes"])
    published_at = datetime.fromisoformat(read_json(revisions[0] / "publication.json")["published_at"])
    return (published_at.astimezone(WIB).replace(tzinfo=None) - closes).total_seconds() / 86_400


def _summary(lines: list[WaveLine], language: str) -> str:
    t, last = translator(language), lines[-1]
    applications = sum(line.funnel.registrations for line in lines)
    return t("overview.summary", waves=len(lines), applications=applications, reached=last.reached)
