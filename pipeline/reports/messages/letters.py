"""One letter: from an outcome and its reasons to an SMS and an e-mail in both languages. No data, no files.

``telling.py`` decides which reasons it may give.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.messages.telling import SUPERSEDED, LetterItem, letter_items

#: One message of GSM 03.38: longer ones are cut into parts, cost twice and arrive out of order.
SMS_LENGTH = 160


@dataclass(frozen=True)
class Letter:
    """The texts for one person; ``until`` is the deadline of the letter's request, if there is one."""

    retry: str
    until: datetime | None
    sms: dict[str, str]
    subject: dict[str, str]
    email: dict[str, str]

    def columns(self) -> dict[str, Any]:
        """The letter as columns of a notice: ``retry``, ``until``, ``sms_id``, ``sms_en``, …"""
        parts = {"sms": self.sms, "subject": self.subject, "email": self.email}
        texts_ = {f"{part}_{lang}": text for part, both in parts.items() for lang, text in both.items()}
        return {"retry": self.retry, "until": self.until, **texts_}


@lru_cache(maxsize=1)
def texts() -> dict[str, Any]:
    """The catalogue ``notices.toml``."""
    return tomllib.loads((files("pipeline.reports.messages") / "notices.toml").read_text(encoding="utf-8"))


def write_letter(
    wave: Wave,
    outcome: str,
    given: Sequence[str],
    following: Wave | None,
    *,
    reviewed: bool = False,
    matched: bool = False,
    withdrawn: bool = False,
) -> Letter:
    """The letter for an outcome; ``following`` is the next wave, in which people apply or send a photo again.

    ``reviewed``: a reviewer decided, so the letter does not call the decision automatic. ``matched``: the selfie was
    found to show the register's person, who may then read every reason. ``withdrawn``: an earlier revision of the wave
    gave a place, of which the reader was told.
    """
    items = letter_items(given, matched=matched) if outcome == "rejected" else []
    kind = "superseded" if any(item.name == SUPERSEDED for item in items) else outcome
    retry = _retry(items) if kind == "rejected" else "none"
    withdrawn = withdrawn and kind in ("rejected", "reserve", "review")
    request = {"rejected": _request_of(items, retry), "reserve": "reserve"}.get(kind)
    head, *more = _patterns(kind, withdrawn=withdrawn, explained=bool(items))
    sms, subject, email = {}, {}, {}
    for language in LANGUAGES:
        values = _values(wave, following, language)
        subject[language] = head[f"subject_{language}"].format_map(values)
        short = {**values, "again": _request_text(request, "sms", values, following, language)}
        sms[language] = _sms(head[f"sms_{language}"], short, items, language)
        body = [pattern[f"body_{language}"].format_map(values) for pattern in (head, *more)]
        if kind == "rejected":
            body += _reason_paragraphs(items, request, values, language)
        if request is not None:
            body.append(_request_text(request, "body", values, following, language))
        closing = _closing("rejected" if withdrawn else kind, values, language, reviewed=reviewed)
        email[language] = "\n\n".join([*body, *closing])
    dated = request in ("photo", "data", "new", "reserve") and following is not None
    return Letter(retry, following.closes if dated and following else None, sms, subject, email)


def _patterns(kind: str, *, withdrawn: bool, explained: bool) -> list[dict[str, str]]:
    """The parts of the catalogue whose bodies the letter has; subject and SMS are the first one's.

    Where a place was taken back, the paragraph about that comes first. Alone where nothing explains the refusal: the
    application was not delivered again.
    """
    ordinary: dict[str, str] = texts()["letter"][kind]
    if not withdrawn:
        return [ordinary]
    unexplained = kind == "rejected" and not explained
    now = "reserve" if unexplained else kind
    taken_back: dict[str, str] = texts()["withdrawn"]
    head = {**taken_back, **{f"sms_{language}": taken_back[f"sms_{now}_{language}"] for language in LANGUAGES}}
    return [head] if unexplained else [head, ordinary]


def _retry(items: Sequence[LetterItem]) -> str:
    return reasons.retry_of(code for item in items for code in item.codes)


def _request_of(items: Sequence[LetterItem], retry: str) -> str:
    """What the letter asks for; "correct it" only where there is something to correct."""
    if retry == "none" and any(item.group for item in items):
        return "prove"
    return "new" if retry == "data" and not any(item.mends for item in items) else retry


def _values(wave: Wave, following: Wave | None, language: str) -> dict[str, Any]:
    values: dict[str, Any] = {"wave": wave.number, "contact": settings().contact}
    if following is not None:
        values |= {
            "next": following.number,
            "opens": numbers.day(following.opens, language),
            "until": numbers.moment(following.closes, language),
            "sms_opens": f"{following.opens:%d/%m}",
            "sms_until": f"{following.closes:%d/%m/%Y}",
        }
    return values


def _request_text(kind: str | None, which: str, values: dict[str, Any], following: Wave | None, language: str) -> str:
    """The sentence that asks the reader for something: a photograph, corrected data, an application in the next
    wave."""
    if kind is None:
        return ""
    key = f"{which}_{language}" if following is not None else f"{which}_open_{language}"
    if which == "sms" and following is not None:
        values = {**values, "opens": values["sms_opens"], "until": values["sms_until"]}
    return str(texts()["again"][kind][key]).format_map(values)


def _words(item: LetterItem) -> dict[str, str]:
    return dict(texts()["group" if item.group else "reason"][item.name])


def _sms(pattern: str, values: dict[str, Any], items: Sequence[LetterItem], language: str) -> str:
    """As many reasons as fit one message, the first ones first; the number of the others is at the end.

    There is room for one whatever the reasons and dates: a test writes every letter.
    """
    short = [_words(item)[f"sms_{language}"] for item in items]
    message = ""
    for kept in range(len(short), -1, -1) if short else [0]:
        more = [texts()["closing"][f"more_{language}"].format(n=len(short) - kept)] if kept < len(short) else []
        message = pattern.format_map({**values, "reasons": "; ".join(short[:kept] + more)})
        if len(message) <= SMS_LENGTH:
            break
    return message


def _reason_paragraphs(
    items: Sequence[LetterItem], request: str | None, values: dict[str, Any], language: str
) -> list[str]:
    """What was found and what to do about it, a paragraph each."""
    lines = []
    for item in items:
        words = _words(item)
        found = words[f"message_{language}"] if item.group else reasons.message(item.name, language, "rejected")
        lines.append(f"• {found} {words[f'do_{language}'].format_map(values)}")
    return [*lines, texts()["closing"][f"photo_{language}"]] if request == "photo" else lines


def _closing(kind: str, values: dict[str, Any], language: str, *, reviewed: bool) -> list[str]:
    """The paragraphs below the letter: objection, contact, who writes."""
    extra = {"rejected": ["reviewed" if reviewed else "objection"], "superseded": ["report"]}.get(kind, [])
    return [texts()["closing"][f"{name}_{language}"].format_map(values) for name in (*extra, "contact", "signature")]
