"""An answer in words: the page with charts (``reports/templates/what_if.html.j2``), and the same in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.domain import reasons
from pipeline.reports import page
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES, Translate, catalogue, label, translator
from pipeline.reports.wording import group_name
from pipeline.what_if.answer import Answer
from pipeline.what_if.chances import Chance, GroupChance

_STEP = 0.05


@dataclass(frozen=True)
class Scale:
    """The axis of a table of chances, cut to the range of the intervals."""

    low: float
    high: float

    def at(self, share: float) -> str:
        """The place of a share on it, in percent of its length."""
        return f"{100 * (share - self.low) / (self.high - self.low):.2f}%"


def render(found: Answer) -> str:
    """The page in both languages."""
    return page.render("what_if.html.j2", {lang: _edition(found, lang) for lang in LANGUAGES})


def _edition(found: Answer, lang: str) -> dict[str, Any]:
    t = translator(lang)
    return {
        "a": found,
        "q": found.question,
        "changes": changes(found, lang),
        "rule": lambda code: rule_name(code, lang),
        "group": lambda kind, keys: group_name(kind, keys, t),
        "scales": {by: scale(groups) for by, groups in found.groups.items() if groups},
        "most": max((n for line in found.rules for n in (line.left_run, line.left_asked) if n), default=1),
    }


def scale(groups: list[GroupChance]) -> Scale:
    """An axis with room for all intervals of a table."""
    chances = [chance for group in groups for chance in (group.as_run, group.asked) if chance]
    low = floor(min(chance.low for chance in chances) / _STEP) * _STEP
    high = ceil(max(chance.high for chance in chances) / _STEP) * _STEP
    return Scale(max(low, 0.0), max(min(high, 1.0), low + _STEP))


def rule_name(code: str, lang: str) -> str:
    """A rule's name; of a warning, which has none, what it says."""
    key = f"rule.{code}"
    return label(key, lang) if key in catalogue() else reasons.message(code, lang)


def changes(found: Answer, lang: str) -> list[str]:
    """The changes that are asked about, a line each; none: only other seeds."""
    t = translator(lang)
    run, asked = found.question.as_run, found.question.asked
    lines = []
    if run.quota != asked.quota:
        lines.append(t("what_if.quota", run=run.quota, asked=asked.quota))
    if run.priority_share != asked.priority_share:
        lines.append(t("what_if.share", run=float(run.priority_share), asked=float(asked.priority_share)))
    if run.areas != asked.areas:
        shares = ", ".join(f"{code} {numbers.percent(share, 'en', 0)}" for code, share in asked.areas)
        lines.append(t("what_if.areas", areas=shares) if asked.areas else t("what_if.no_areas"))
    names = {code: rule_name(code, lang).rstrip(".") for code in (*found.question.without, *found.question.added)}
    lines += [t("what_if.left_out", name=names[code], code=code) for code in found.question.without]
    return lines + [t("what_if.put_in", name=names[code], code=code) for code in found.question.added]


def show(found: Answer, console: Console, lang: str) -> None:
    """The answer in the terminal."""
    t, question = translator(lang), found.question
    console.print(t("what_if.title", wave=question.wave.number), style="bold")
    for line in changes(found, lang) or [t("what_if.only_seeds")]:
        console.print(f"• {line}", highlight=False)
    table = Table(t("what_if.all"), t("what_if.in_draw"), t("what_if.filled"), t("what_if.between"))
    for name, places in (("what_if.as_run", found.as_run), ("what_if.asked", found.asked)):
        if name == "what_if.as_run" or not question.same:
            filled = numbers.integer(round(places.mean), lang)
            bounds = f"{numbers.integer(places.low, lang)}–{numbers.integer(places.high, lang)}"
            table.add_row(t(name), _number(places.people, lang, t), filled, bounds)
    console.print(table)
    console.print(t("what_if.in_truth", n=found.accepted), highlight=False)
    _rules(found, console, lang, t)
    for by, groups in found.groups.items():
        if groups:
            _chances(by, groups, console, lang, t, same=found.question.same)
        else:
            console.print(t("what_if.too_small", kind=t(f"group.{by}")), style="dim")
    for note in found.notes:
        console.print(f"* {t(f'what_if.note_{note}')}", highlight=False)


def _rules(found: Answer, console: Console, lang: str, t: Translate) -> None:
    columns = ("rule", "refused", "alone", "left_run", *(() if found.question.same else ("left_asked",)))
    table = Table(*(t(f"what_if.{column}") for column in columns), title=t("what_if.rules"), title_justify="left")
    for line in found.rules:
        figures = [_number(line.refused, lang, t), _number(line.alone, lang, t)]
        figures.append(_number(line.left_run, lang, t) if line.in_run else "–")
        if not found.question.same:
            figures.append(_number(line.left_asked, lang, t) if line.in_asked else "–")
        table.add_row(line.code, *figures)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


def _chances(by: str, groups: list[GroupChance], console: Console, lang: str, t: Translate, *, same: bool) -> None:
    """The chances of each group. ``same``: the question changes nothing, so there is one column of them."""
    heads = [t(f"group.{by}"), t("what_if.in_draw"), t("what_if.as_run")]
    table = Table(*heads, *([] if same else [t("what_if.asked")]), title=t("what_if.chance"))
    table.title_justify = "left"
    for group in groups:
        people = group.as_run or group.asked
        shown = [group.as_run] if same else [group.as_run, group.asked]
        name = Text(group_name(by, group.keys, t))
        table.add_row(name, numbers.integer(people.people if people else 0, lang), *(in_words(c, lang) for c in shown))
    console.print(table)


def in_words(chance: Chance | None, lang: str) -> str:
    """``12.4% (10.1%–14.8%)``."""
    if chance is None:
        return "–"
    low, high = numbers.percent(chance.low, lang), numbers.percent(chance.high, lang)
    return f"{numbers.percent(chance.mean, lang)} ({low}–{high})"


def _number(n: int | None, lang: str, t: Translate) -> str:
    return t("hidden.sign") if n is None else numbers.integer(n, lang)
