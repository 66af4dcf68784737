"""A page that needs no other file: templates, style and language editions in one, nothing fetched, no script.

Both languages are in the file; the switch is CSS (``:target``), so a page works where scripts are forbidden. The
content security policy allows exactly the one inline style sheet, by hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES, translator


@lru_cache
def templates_of(package: str) -> Environment:
    """The templates of a package: everything is escaped, a name without a value is an error."""
    made = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"integer": numbers.integer, "percent": numbers.percent, "points": numbers.points}
    made.filters |= {"day": numbers.day, "moment": numbers.moment, "decimal": numbers.decimal}
    return made


def render(template: str, editions: dict[str, dict[str, Any]]) -> str:
    """The page: ``editions`` holds a template's values per language, Indonesian first."""
    style = (files("pipeline.reports") / "templates" / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    values = {lang: {"lang": lang, "t": translator(lang), **editions[lang]} for lang in LANGUAGES}
    return (
        templates_of("pipeline.reports").get_template(template).render(style=style, style_hash=digest, editions=values)
    )
