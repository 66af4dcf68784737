"""``out/funnel.xlsx``: the report's figures as typed cells, for those who go on calculating.

Every text is written as text, never as a formula; the same wave gives the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import reasons
from pipeline.calendar import Wave
from pipeline.reports.labels import translator
from pipeline.reports.terminal import rows as funnel_rows
from pipeline.settings import settings
from pipeline.store import Store, atomic, read_json

#: xlsx files carry a creation date; a fixed one keeps the bytes equal.
_CREATED = datetime(2020, 4, 11, tzinfo=UTC)


def write_spreadsheet(store: Store, wave: Wave, language: str | None = None) -> Path:
    """Writes the spreadsheet from the run's ``funnel.json``, in the given or the set language."""
    import xlsxwriter

    t = translator(language or settings().language)
    out = store.work(wave) / "out"
    funnel = read_json(out / "funnel.json")
    path = out / "funnel.xlsx"
    with atomic(path) as part:
        book = xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"created": _CREATED, "title": t("funnel.title", wave=wave.number)})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        styles = {int: book.add_format({"num_format": "#,##0"}), float: book.add_format({"num_format": "0.0%"})}
        for name, columns, lines in sheets(funnel, language or settings().language):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, 0, 34)
            sheet.set_column(1, len(columns), 16)
            for x, title in enumerate(columns):
                sheet.write_string(0, x, title, head)
            for y, line in enumerate(lines, start=1):
                for x, value in enumerate(line):
                    if isinstance(value, str):
                        sheet.write_string(y, x, value)
                    elif value is not None:
                        sheet.write_number(y, x, value, styles[type(value)])
        book.close()
    return path


def sheets(funnel: dict[str, Any], language: str) -> list[tuple[str, list[str], list[list[Any]]]]:
    """(name, column titles, rows) of every sheet; integers are counts, floats are shares."""
    t = translator(language)
    total = funnel["registrations"]

    def share(n: int) -> float | None:
        return n / total if total else None

    steps = [[t(f"step.{step}"), passed, left, share(passed)] for step, passed, left in funnel_rows(funnel)]
    why = [
        [t(f"step.{step['step']}"), code, reasons.message(code, language), n]
        for step in funnel["steps"]
        for code, n in step["by_reason"].items()
    ]
    ends = [[t(f"outcome.{outcome}"), n, share(n)] for outcome, n in funnel["ends"].items()]
    ends.append([t("funnel.quota"), funnel["quota"], None])
    return [
        (t("sheet.funnel"), [t("funnel.step"), t("funnel.passed"), t("funnel.left"), t("funnel.share")], steps),
        (t("sheet.reasons"), [t("funnel.step"), t("sheet.code"), t("sheet.reason"), t("sheet.applications")], why),
        (t("sheet.ends"), [t("funnel.ends"), t("sheet.applications"), t("funnel.share")], ends),
    ]
