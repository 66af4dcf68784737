"""``out/funnel.xlsx``: the report's figures as typed cells, for people who calculate with them.

Holds exactly what the report shows, so what is hidden there is hidden here. Every text is written as text, never as a
formula; the same wave gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from pipeline.reports.figures.groups import Group
from pipeline.reports.figures.wave_figures import Figures, figures
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import Translate, translator
from pipeline.reports.wave_states import Published, state_sentences
from pipeline.reports.wording import group_name
from pipeline.storage.files import atomic
from pipeline.storage.paths import Store

#: xlsx files carry a creation date; a fixed one keeps the bytes equal.
_CREATED = datetime(2020, 4, 11, tzinfo=UTC)


@dataclass(frozen=True)
class Sheet:
    """One sheet: integers are counts, floats shares, None a figure that is not shown."""

    name: str
    columns: list[str]
    rows: list[list[Any]]


def write_spreadsheet(
    store: Store,
    wave: Wave,
    *,
    language: str | None = None,
    found: Figures | None = None,
    published: Published | None = None,
    path: Path | None = None,
) -> Path:
    """Writes the spreadsheet of a run in the given or the set language. Raises WaveNotRunError.

    ``found``: the wave's figures, where they have been counted already. ``published``, ``path``: as of the report.
    """
    import xlsxwriter

    language = language or settings().language
    t = translator(language)
    path = path or store.work(wave) / "out" / "funnel.xlsx"
    figured = found or figures(store, wave)
    sheets = sheets_of(figured, language)
    with atomic(path) as part:
        book = xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"created": _CREATED, "title": t("report.title", wave=wave.number)})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        styles = {int: book.add_format({"num_format": "#,##0"}), float: book.add_format({"num_format": "0.0%"})}
        _cover(
            book,
            t("sheet_cover.name"),
            [*cover_of(figured, language, published), (t("sheet_cover.sheets"), ", ".join(s.name for s in sheets))],
        )
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 1)
            page.set_column(0, 0, 34)
            page.set_column(1, len(sheet.columns), 16)
            for x, title in enumerate(sheet.columns):
                page.write_string(0, x, title, head)
            for y, row in enumerate(sheet.rows, start=1):
                for x, value in enumerate(row):
                    if isinstance(value, int | float):
                        page.write_number(y, x, value, styles[type(value)])
                    else:
                        page.write_string(y, x, t("hidden.sign") if value is None else value)
            if sheet is sheets[0]:
                _chart(book, page, sheet)
        book.close()
    return path


def cover_of(f: Figures, language: str, published: Published | None) -> list[tuple[str, str]]:
    """The lines of the cover: a heading or nothing, and a text."""
    t = translator(language)
    opens, closes = (numbers.moment(moment, language) for moment in (f.wave.opens, f.wave.closes))
    extracts = [
        f"{t(f'extract.{name}')}: {numbers.day(date.fromisoformat(extract['asof']), language)}"
        for name, extract in f.plan.get("extracts", {}).items()
    ]
    hidden = [("province", f.provinces), ("sex", f.sex), ("age", f.age), ("tier", f.tier)]
    captions = [t(f"group.caption_{kind}") for kind, groups in hidden if not groups]
    omitted = "; ".join([*captions, *([t("area.caption")] if f.wave.areas and not f.areas else [])])
    return [
        ("", t("report.title", wave=f.wave.number)),
        *([("", t("sheet_cover.simulated"))] if f.truth else []),
        (t("sheet.standing"), "\n".join(state_sentences(published, language))),
        (t("sheet_cover.window"), f"{opens} – {closes}"),
        (t("key.registrations"), numbers.integer(f.funnel.registrations, language)),
        (t("key.accepted"), numbers.integer(f.funnel.accepted, language)),
        *([(t("sheet_cover.counted"), "; ".join(extracts))] if extracts else []),
        (t("sheet_cover.notes"), t("hidden.note")),
        ("", t("reasons.intro")),
        *([("", t("sheet_cover.omitted", tables=omitted))] if omitted else []),
    ]


def _cover(book: Any, name: str, lines: list[tuple[str, str]]) -> None:
    title = book.add_format({"bold": True, "font_size": 16})
    head = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    page = book.add_worksheet(name)
    page.hide_gridlines(2)
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 90)
    for y, (key, value) in enumerate(lines):
        page.write_string(y, 0, value if y == 0 else key, title if y == 0 else head)
        if y:
            page.write_string(y, 1, value, text)


def _chart(book: Any, page: Any, sheet: Sheet) -> None:
    """The funnel as bars, next to its figures."""
    last = len(sheet.rows)
    chart = book.add_chart({"type": "bar"})
    chart.add_series({
        "name": sheet.columns[1],
        "categories": [sheet.name, 1, 0, last, 0],
        "values": [sheet.name, 1, 1, last, 1],
        "gap": 40,
    })  # fmt: skip
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0", "min": 0})
    chart.set_legend({"none": True})
    chart.set_size({"width": 720, "height": 60 + 28 * last})
    page.insert_chart(last + 2, 0, chart)


def sheets_of(f: Figures, language: str) -> list[Sheet]:
    """Every sheet, in order; tables that may not be shown are left out."""
    t = translator(language)
    total = f.funnel.registrations
    funnel = [[t(f"step.{s}"), passed, left, _share(passed, total)] for s, passed, left in f.funnel.rows()]
    why: list[list[Any]] = [
        [t(f"layer.{s.step}"), code, reasons.message(code, language), n]
        for s in f.funnel.steps
        for code, n in s.by_reason.items()
    ]
    ends = [[t(f"outcome.{outcome}"), n, _share(n, total)] for outcome, n in f.funnel.ends.items()]
    ends += [[t("key.registrations"), total, 1.0], [t("funnel.quota"), f.funnel.quota, _share(f.funnel.quota, total)]]
    defects = [[t(f"defect.{d.code}"), d.reason, d.warning] for d in f.defects]
    made = [
        Sheet(t("sheet.funnel"), _titles(t, "funnel.step", "funnel.passed", "funnel.left", "funnel.share"), funnel),
        Sheet(t("sheet.reasons"), _titles(t, "funnel.step", "sheet.code", "sheet.reason", "sheet.applications"), why),
        Sheet(t("sheet.ends"), _titles(t, "funnel.ends", "sheet.applications", "funnel.share"), ends),
    ]
    if f.verified:
        titles = _titles(t, "sheet.reason", "photo.as_reason", "photo.as_warning")
        made.append(Sheet(t("section.photo"), titles, defects))
    for kind, groups in (("province", f.provinces), ("sex", f.sex), ("age", f.age), ("tier", f.tier)):
        if groups:
            made.append(_groups(kind, groups, t))
    if f.areas:
        titles = _titles(t, "area.area", "area.kept", "group.eligible", "outcome.accepted")
        rows: list[list[Any]] = [[group_name("area", a.keys, t), a.kept, a.people, a.accepted] for a in f.areas]
        made.append(Sheet(t("area.caption"), titles, rows))
    return made


def _groups(kind: str, groups: Sequence[Group], t: Translate) -> Sheet:
    titles = [t(f"group.{kind}"), *_titles(t, "key.registrations", "group.eligible", "outcome.accepted")]
    photo, detail = kind != "province", any(g.photographs for g in groups)
    rows: list[list[Any]] = [
        [group_name(kind, g.keys, t), g.applications, g.eligible, g.accepted]
        + ([g.verified, g.photo_passed] if photo else [])
        + (_photographs(g) if detail else [])
        for g in groups
    ]
    titles += _titles(t, "photo.photographs", "group.photo") if photo else []
    titles += _titles(t, "group.photo_review", "group.photo_refused", "group.photo_again") if detail else []
    return Sheet(t(f"group.{kind}"), titles, rows)


def _photographs(group: Group) -> list[int | None]:
    found = group.photographs
    return [None] * 3 if found is None else [found.review.passed, found.refused.passed, found.again.passed]


def _titles(t: Translate, *keys: str) -> list[str]:
    return [t(key) for key in keys]


def _share(n: int | None, total: int) -> float | None:
    return None if n is None or not total else n / total
