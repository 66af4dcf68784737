"""Planted against found: how a simulated wave's decisions compare with what the simulator planted.

Only waves with ``landing/wave-NNNN/truth.parquet`` have it. Screening reasons are compared for every application,
selfies only where the wave looked at the photograph.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.wilson import wilson
from pipeline.reports.figures.query import decisions, sql
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, translator
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store

_COUNTS = ("hit", "missed", "false", "as_reason", "as_warning", "shown", "unlabelled")
#: They follow from the counts; a terminal of 80 columns has no room for them and a selfie's other columns.
_SHARES = ("recall", "precision")
SCREENING_COLUMNS = ("planted", "hit", "missed", "false", "recall", "precision")
SELFIE_COLUMNS = (
    "planted", "hit", "missed", "shown", "false", "recall", "precision", "as_reason", "as_warning",
)  # fmt: skip
#: The results of a comparison of two faces.
FOUND = ("match", "doubt", "mismatch", "unusable")


@dataclass(frozen=True)
class Score:
    """One code: planted and found, planted and missed, found without being planted, and the number of all that were
    compared.

    ``false``: the source face is known not to show it; ``shown``: the source is known to show it by itself;
    ``unlabelled``: the source has no label. ``as_reason`` and ``as_warning`` split what was found, planted or not,
    by where it was found.
    """

    code: str
    hit: int
    missed: int
    false: int
    compared: int
    as_reason: int = 0
    as_warning: int = 0
    shown: int = 0
    unlabelled: int = 0

    @property
    def planted(self) -> int:
        """How many have it."""
        return self.hit + self.missed

    @property
    def recall(self) -> float | None:
        """Share of the planted that was found; None when nothing was planted."""
        return self.hit / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Share of the found that was there, planted or on the source; None when nothing was found, or where it is
        not known."""
        there = self.hit + self.shown
        return there / (there + self.false) if there + self.false and not self.unlabelled else None


@dataclass(frozen=True)
class ImpostorGroup:
    """Impostors whose face and whose victim's are of one group (and sex, where known); ``group`` None: of two."""

    group: str | None
    sex: str | None
    decisions: dict[str, int]

    @property
    def let_in(self) -> tuple[float, float, float]:
        """The share called a match, with its Wilson interval."""
        of = sum(self.decisions.values())
        return self.decisions["match"] / of, *wilson(self.decisions["match"], of)


@dataclass(frozen=True)
class TruthReport:
    """Screening and selfie scores in catalogue order; ``impostors``: planted (bool) → decision → count; by group where
    the source faces' groups are known."""

    screening: list[Score]
    selfie: list[Score]
    impostors: dict[bool, dict[str, int]]
    impostor_groups: list[ImpostorGroup]
    applications: int
    photographs: int

    @property
    def screening_exact(self) -> bool:
        """Whether every reason of the screening layers was found exactly where it was planted."""
        return all(score.missed == score.false == 0 for score in self.screening)


def compare_with_truth(store: Store, wave: Wave, folder: Path | None = None) -> TruthReport:
    """Compares a wave's decisions (in ``folder``; default: its finished outputs) with what was planted.

    Raises WaveNotRunError without decisions.
    """
    path = (folder or store.out(wave)) / "decisions.parquet"
    with decisions(path, store.work(wave)) as query:
        query.connection.execute("SET VARIABLE truth = ?", [duckdb_sql.named(store.landing(wave, "truth.parquet"))])
        query.connection.execute("SET VARIABLE defects = ?", [list(reasons.DEFECTS)])
        query.connection.execute(sql("planted"))
        screening = {row["code"]: row for row in query.rows("truth_screening")}
        selfie = {row["code"]: row for row in query.rows("truth_selfie")}
        totals = query.rows("truth_totals")[0]
        impostors: dict[bool, dict[str, int]] = {planted: dict.fromkeys(FOUND, 0) for planted in (True, False)}
        for row in query.rows("truth_impostors"):
            impostors[row["impostor"]][row["decision"]] = row["n"]
        groups = _groups(query.rows("truth_impostor_groups"))
    codes = reasons.codes("selfie")
    return TruthReport(
        [_score(c, screening, totals["applications"]) for c in reasons.codes() if c not in codes],
        [_score(c, selfie, totals["photographs"]) for c in codes],
        impostors,
        groups,
        totals["applications"],
        totals["photographs"],
    )


def _groups(rows: list[dict[str, Any]]) -> list[ImpostorGroup]:
    found: dict[tuple[str | None, str | None], dict[str, int]] = {}
    for row in rows:
        found.setdefault((row["group"], row["sex"]), dict.fromkeys(FOUND, 0))[row["decision"]] = row["n"]
    ordered = sorted(found, key=lambda key: _order(*key))
    return [ImpostorGroup(*key, found[key]) for key in ordered]


def _order(group: str | None, sex: str | None) -> tuple[bool, str, str]:
    """The order of the groups: an unknown group and an unknown sex come last."""
    return group is None, group or "", sex or "~"


def _score(code: str, found: dict[str, dict[str, Any]], compared: int) -> Score:
    row = found.get(code, {})
    counts = {key: row.get(key, 0) for key in _COUNTS}
    return Score(code=code, compared=compared, **counts)


def print_truth(report: TruthReport, console: Console, language: str) -> None:
    """Prints the comparison."""
    t = translator(language)
    screening = _table(t("truth.screening", n=report.applications), t, selfie=False)
    for score in report.screening:
        screening.add_row(*_cells(score, t, language))
    console.print(screening)
    if not report.photographs:
        return
    selfie = _table(t("truth.selfie", n=report.photographs), t, selfie=True)
    for score in report.selfie:
        selfie.add_row(
            *_cells(score, t, language, selfie=True)[: -len(_SHARES)],
            numbers.integer(score.as_reason, language),
            numbers.integer(score.as_warning, language),
        )
    console.print(selfie)
    impostors = Table(
        "", *(t(f"decision.{d}") for d in FOUND), title=t("truth.impostors"), box=box.SIMPLE_HEAD, title_justify="left"
    )
    for planted, counts in report.impostors.items():
        impostors.add_row(
            t("truth.impostor" if planted else "truth.genuine"), *(numbers.integer(counts[d], language) for d in FOUND)
        )
    console.print(impostors)
    if report.impostor_groups:
        console.print(_by_group(report.impostor_groups, t, language))


def group_name(found: ImpostorGroup, t: Translate) -> str:
    """The group of both faces as a report names it; the group's own name is the folder's."""
    if found.group is None:
        return t("truth.two_groups")
    return f"{found.group}, {t(f'sex.{found.sex}')}" if found.sex else found.group


def _by_group(groups: list[ImpostorGroup], t: Translate, language: str) -> Table:
    table = Table(
        "", *(t(f"decision.{d}") for d in FOUND), t("truth.let_in"), title=t("truth.impostor_groups"),
        box=box.SIMPLE_HEAD, title_justify="left",
    )  # fmt: skip
    for group in groups:
        share, low, high = (numbers.percent(n, language) for n in group.let_in)
        counts = (numbers.integer(group.decisions[d], language) for d in FOUND)
        table.add_row(group_name(group, t), *counts, f"{share} ({low}–{high})")
    return table


def _table(title: str, t: Any, *, selfie: bool) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    columns = [name for name in SELFIE_COLUMNS if name not in _SHARES] if selfie else SCREENING_COLUMNS
    table.add_column(t("sheet.code"), no_wrap=True)
    for name in columns:
        header = t(f"truth.{name}")
        table.add_column(header, justify="right", min_width=max(map(len, header.split())))  # no word is cut off
    return table


def _cells(score: Score, t: Translate, language: str, *, selfie: bool = False) -> list[str | Text]:
    style = "green" if score.missed == score.false == 0 else "yellow"
    counts = [score.planted, score.hit, score.missed] + [score.shown] * selfie
    shown = [numbers.integer(n, language) for n in counts]
    shown.append(t("truth.not_labelled") if score.unlabelled else numbers.integer(score.false, language))
    shares = [numbers.percent(share, language) for share in (score.recall, score.precision)]
    return [score.code, *shown, *(Text(share, style=style) for share in shares)]
