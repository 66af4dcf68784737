"""What is said about a delivery, in both languages at once; the words are in ``said.toml``.

A ``Said`` is a text like any other: the English one, which logs, records and ``--json`` keep. It also knows the same
sentence in Indonesian, for a person who reads it in a terminal.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Self

LANGUAGES = ("id", "en")


class Said(str):
    """An English text that knows itself in the other language; ``texts``: language → text."""

    texts: dict[str, str]

    def __new__(cls, texts: Mapping[str, str]) -> Self:
        """Of the texts in all languages."""
        made = super().__new__(cls, texts["en"])
        made.texts = dict(texts)
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, str]]]:
        return type(self), (self.texts,)

    def with_each(self, change: Callable[[str], str]) -> Self:
        """The same, with something done to the text in each language."""
        return type(self)({language: change(text) for language, text in self.texts.items()})


@cache
def catalogue() -> dict[str, dict[str, dict[str, str]]]:
    """What can be said: ``message`` and ``advice`` → name → language → text."""
    return dict(tomllib.loads((files("pipeline.domain") / "said.toml").read_text(encoding="utf-8")))


def said(name: str, /, **values: Any) -> Said:
    """A sentence of the catalogue with its values; whole numbers are written as each language writes them."""
    return filled(catalogue()["message"][name], values)


def filled(texts: Mapping[str, str], values: Mapping[str, Any]) -> Said:
    """Texts by language with their values; a value that is a ``Said`` stands there in the same language."""
    return Said({language: one_stop(text.format_map(written(values, language))) for language, text in texts.items()})


def one_stop(text: str) -> str:
    """The text with one full stop at its end, where a library's own sentence stood last; three dots are left alone."""
    return text[:-1] if text.endswith("..") and not text.endswith("...") else text


def in_language(text: str, language: str) -> str:
    """The text in a language, where it is known in it; else as it is."""
    return text.texts[language] if isinstance(text, Said) else text


def advice_for(kind: str, advice: str) -> str:
    """The advice of a kind of error as a ``Said``, where the catalogue has it in Indonesian."""
    known = catalogue()["advice"].get(kind)
    return Said({"en": advice, **known}) if known and not isinstance(advice, Said) else advice


def integer(value: int, language: str) -> str:
    """``168111`` → ``168.111`` in Indonesian, ``168,111`` in English."""
    return f"{value:,}".replace(",", "." if language == "id" else ",")


def written(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Values as a language writes them; what is no whole number stays as it is."""
    return {name: _written(value, language) for name, value in values.items()}


def _written(value: Any, language: str) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(value, language)
    return in_language(value, language) if isinstance(value, str) else value
