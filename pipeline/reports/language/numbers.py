"""Numbers and dates as the reader writes them (168.111; 16 April 2020), by babel's locale data."""

from __future__ import annotations

from datetime import date, datetime

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

from pipeline.domain.said import integer as integer

_LOCALES = {"id": Locale("id", "ID"), "en": Locale("en", "GB")}
#: One pattern for both languages: a space before the sign looks like a second number.
_PERCENT = {0: "0%", 1: "0.0%", 2: "0.00%"}


def decimal(value: float, language: str, digits: int = 1) -> str:
    """A number with so many decimals."""
    return str(format_decimal(value, format="#,##0" + "." * (digits > 0) + "0" * digits, locale=_LOCALES[language]))


def percent(share: float | None, language: str, digits: int = 1) -> str:
    """``0.2822`` → ``28,2%``; an en dash where there is no share."""
    if share is None:
        return "–"
    return str(format_percent(share, format=_PERCENT[digits], locale=_LOCALES[language]))


def points(share: float, language: str) -> str:
    """A difference of two shares in percentage points, with its sign."""
    shown = format_decimal(share * 100, format="+#,##0.0;−#,##0.0", locale=_LOCALES[language])
    return str(shown)


def day(value: date, language: str) -> str:
    """``16 April 2020``."""
    return str(format_date(value, format="d MMMM y", locale=_LOCALES[language]))


def moment(value: datetime, language: str) -> str:
    """``16 April 2020 16.00 WIB``."""
    return f"{day(value, language)} {format_time(value, format='short', locale=_LOCALES[language])} WIB"
