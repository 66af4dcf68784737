"""The letter that answers an objection, in both languages (``objection_letter.toml``)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """Every answer, by kind and language."""
    return tomllib.loads((files("pipeline.review") / "objection_letter.toml").read_text(encoding="utf-8"))


def answer(about: str, note: str, *, accepted: bool, handed_on: bool) -> str:
    """The letter: Indonesian first, then English."""
    kind = "rejected" if not accepted else "handed_on" if handed_on else about
    return "\n\n".join(texts()[kind][lang].format(note=note).strip() for lang in ("id", "en")) + "\n"
