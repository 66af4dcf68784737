"""Makes great_expectations' Data Docs independent of the network: as they come, they fetch styles and scripts from
eight hosts.

What needs those scripts (filters, tabs, the table of the index) goes; the pages are plain HTML under one style of ours,
and the index is a list of the pages.
"""

from __future__ import annotations

import re
import shutil
from html import escape
from importlib.resources import files
from pathlib import Path

#: The parts of a page that fetch something, run code, or advertise.
_FOREIGN = re.compile(
    r"""<(script|style|footer)\b.*?</\1> | <(?:link|img)\b[^>]*> | \s(?:onclick|style)="[^"]*" """,
    re.DOTALL | re.VERBOSE,
)
#: The name of a page's table: ``validations/population/…`` or ``expectations/population.html``.
_TABLE = re.compile(r"(?:validations|expectations)/([\w-]+)")


def stand_alone(docs: Path, failed: set[str]) -> None:
    """Rewrites every page below ``docs``; the index marks the tables with a ``failed`` expectation."""
    style = (files("checks") / "data_docs.css").read_text(encoding="utf-8")
    head = f'<meta name="color-scheme" content="light dark"><style>{style}</style></head>'
    pages = sorted(path for path in docs.rglob("*.html") if path != docs / "index.html")
    for path in pages:
        text = _FOREIGN.sub("", path.read_text(encoding="utf-8"))
        text = text.replace("<html>", '<html lang="en">', 1).replace("</head>", head, 1)
        home = "../" * (len(path.relative_to(docs).parts) - 1) + "index.html"
        path.write_text(text.replace("<body>", f'<body><p class="home"><a href="{home}">Data Docs</a></p>', 1), "utf-8")
    shutil.rmtree(docs / "static", ignore_errors=True)  # pictures of a tour, fonts, and styles from the network
    (docs / "index.html").write_text(_index(docs, pages, failed, head), encoding="utf-8")


def _index(docs: Path, pages: list[Path], failed: set[str], head: str) -> str:
    """One row for each table: the verdict and what was expected."""
    links: dict[str, dict[str, str]] = {}
    for path in pages:
        name = path.relative_to(docs).as_posix()
        if found := _TABLE.match(name):
            links.setdefault(found[1], {})[name.split("/")[0]] = name
    rows = "".join(
        f'<tr><th scope="row">{escape(table)}</th><td>{"✘ failed" if table in failed else "✔ passed"}</td>'
        + "".join(
            f'<td><a href="{escape(of[kind])}">{label}</a></td>' if kind in of else "<td></td>"
            for kind, label in (("validations", "result"), ("expectations", "what was expected"))
        )
        + "</tr>"
        for table, of in sorted(links.items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}<body><main><h1>Data Docs</h1>'
        "<p>What was expected of each table, and what great_expectations found. Figures only: no row of anybody.</p>"
        '<table class="table"><thead><tr><th scope="col">Table</th><th scope="col">Verdict</th>'
        '<th scope="col">Result</th><th scope="col">Suite</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></main></body></html>\n"
    )
