"""Every word of the reports, once, in Indonesian and English (``labels.toml``), and how a text is filled in."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain.said import LANGUAGES as LANGUAGES
from pipeline.ingest.set_aside import problem_key
from pipeline.reports.language import numbers

Translate = Callable[..., str]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """All labels: ``section.key`` → language → text; some have a text for one, ``en_one``."""
    raw = tomllib.loads((files("pipeline.reports.language") / "labels.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, table in raw.items() for key, text in table.items()}


def label(key: str, language: str, **parameters: Any) -> str:
    """A label with its ``{placeholders}`` filled: numbers and dates are written in the language's own way.

    Of a label that counts in ``n``, its text for one (``en_one``) where ``n`` is 1: Indonesian has no plural.

    Raises KeyError for an unknown key or a placeholder without a value.
    """
    shown = {name: _shown(value, language) for name, value in parameters.items()}
    texts = catalogue()[key]
    one = texts.get(f"{language}_one") if parameters.get("n") == 1 else None
    return (one or texts[language]).format_map(shown)


def translator(language: str) -> Translate:
    """``label`` with the language filled in, for templates."""

    def translate(key: str, **parameters: Any) -> str:
        return label(key, language, **parameters)

    return translate


def problem_text(problem: str, language: str) -> str:
    """Why rows are set aside, as ingest names it, in a language; as it is where no label has it."""
    texts = catalogue().get(f"problem.{problem_key(problem)}")
    return texts[language] if texts else problem


def _shown(value: Any, language: str) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return numbers.integer(value, language)
    if isinstance(value, float):
        whole = abs(value * 100 - round(value * 100)) < 1e-9
        return numbers.percent(value, language, 0 if whole else 1)
    if isinstance(value, datetime):
        return numbers.moment(value, language)
    if isinstance(value, date):
        return numbers.day(value, language)
    return str(value)
