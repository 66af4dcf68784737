"""One letter: from an outcome and its reasons to an SMS and an e-mail in both languages. No data, no files.

What a letter may tell is decided here: whoever could not show that the NIK is theirs learns nothing that a register
says about its holder (UU PDP; a letter must never expose another person).
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
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES

#: One message of GSM 03.38: longer ones are cut into parts, cost twice and arrive out of order.
SMS_LENGTH = 160
#: Without a match of these the applicant has not shown to be the NIK's holder.
_UNPROVEN = "identity_mismatch"


@dataclass(frozen=True)
class Letter:
    """What one person is sent; ``until`` is the last moment for what the letter asks, if there is one."""

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


def tellable(given: Sequence[str]) -> list[str]:
    """The reasons that may be told to the applicant, in catalogue order.

    With an identity that does not match, the rest (schooling, assistance, death, …) describes the NIK's holder, who may
    be somebody else: only what the applicant typed is talked about.
    """
    ordered = reasons.ordered(given)
    if _UNPROVEN not in ordered:
        return ordered
    return [c for c in ordered if c == _UNPROVEN or reasons.catalogue()[c].layer == "registration"]


def write_letter(
    wave: Wave, outcome: str, given: Sequence[str], following: Wave | None, *, reviewed: bool = False
) -> Letter:
    """The letter for an outcome; ``following`` is the next wave, in which people apply or send a photo again.

    ``reviewed``: a reviewer decided, so the letter does not call the decision automatic.
    """
    told = tellable(given)
    retry = reasons.retry_of(told) if outcome == "rejected" else "none"
    again = {"rejected": retry, "reserve": "reserve"}.get(outcome)
    sms, subject, email = {}, {}, {}
    for language in LANGUAGES:
        values = _values(wave, following, language)
        pattern = texts()["letter"][outcome]
        subject[language] = pattern[f"subject_{language}"].format_map(values)
        sms[language] = _sms(pattern[f"sms_{language}"], values, told, again, following, language)
        body = _email(pattern[f"body_{language}"], values, told, outcome, again, following, language)
        if outcome == "rejected":
            body.append(texts()["closing"][f"{'reviewed' if reviewed else 'objection'}_{language}"])
        email[language] = "\n\n".join([*body, texts()["closing"][f"signature_{language}"]])
    dated = again in ("photo", "data", "reserve") and following is not None
    return Letter(retry, following.closes if dated and following else None, sms, subject, email)


def _values(wave: Wave, following: Wave | None, language: str) -> dict[str, Any]:
    values: dict[str, Any] = {"wave": wave.number}
    if following is not None:
        values |= {
            "next": following.number,
            "opens": numbers.day(following.opens, language),
            "until": numbers.moment(following.closes, language),
            "sms_opens": f"{following.opens:%d/%m}",
            "sms_until": f"{following.closes:%d/%m/%Y}",
        }
    return values


def _again(kind: str | None, which: str, values: dict[str, Any], following: Wave | None, language: str) -> str:
    if kind is None:
        return ""
    key = f"{which}_{language}" if following is not None else f"{which}_open_{language}"
    if which == "sms" and following is not None:
        values = {**values, "opens": values["sms_opens"], "until": values["sms_until"]}
    return str(texts()["again"][kind][key]).format_map(values)


def _sms(
    pattern: str, values: dict[str, Any], told: list[str], again: str | None, following: Wave | None, language: str
) -> str:
    """As many reasons as fit one message, the first ones first; the number of the others stands at the end."""
    values = {**values, "again": _again(again, "sms", values, following, language)}
    short = [str(texts()["reason"][code][f"sms_{language}"]) for code in told]
    for kept in range(len(short), 0, -1):
        more = [texts()["closing"][f"more_{language}"].format(n=len(short) - kept)] if kept < len(short) else []
        message = pattern.format_map({**values, "reasons": "; ".join(short[:kept] + more)})
        if len(message) <= SMS_LENGTH:
            return message
    return pattern.format_map({**values, "reasons": ""})


def _email(
    body: str,
    values: dict[str, Any],
    told: list[str],
    outcome: str,
    again: str | None,
    following: Wave | None,
    lang: str,
) -> list[str]:
    """The paragraphs between the subject and the closing."""
    lines = [body.format_map(values)]
    if outcome == "rejected":
        lines += [f"• {reasons.message(code, lang, outcome)} {texts()['reason'][code][f'do_{lang}']}" for code in told]
        if again == "photo":
            lines.append(texts()["closing"][f"photo_{lang}"])
    if again is not None:
        lines.append(_again(again, "body", values, following, lang))
    return lines
