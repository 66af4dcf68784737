"""Every file below the data root (``layout.toml``): its place, whose it is, who reads it, how long it is kept."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True)
class Place:
    """One kind of file.

    ``path`` is a pattern below the data root, ``table`` the contract's table in the file (``OUT cohort.parquet``).
    ``kept`` is ``retention.<setting>``, ``selfie.<setting>`` or a word of ``layout.toml``.
    """

    path: str
    says: str
    whose: Literal["sender", "programme"]
    reads: Literal["owner", "everybody"]
    about: Literal["people", "numbers", "nobody"]
    kept: str
    table: str = ""

    def holds(self, key: str) -> bool:
        """Whether a file, by its path below the data root, is of this kind."""
        return self._pattern.fullmatch(key) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        stars = {"**": ".*", "*": "[^/]*"}
        parts = (stars.get(part) or re.escape(part) for part in _STARS.split(self.path))
        return re.compile("".join(parts), re.DOTALL)


_STARS = re.compile(r"(\*\*|\*)")


@cache
def places() -> tuple[Place, ...]:
    """Every place; of several that fit the first counts."""
    text = (files("pipeline.domain.contracts") / "layout.toml").read_text(encoding="utf-8")
    return tuple(Place(**place) for place in tomllib.loads(text)["place"])


def place_of(key: str) -> Place | None:
    """What a file below the data root is; None for a file that no entry describes."""
    return next((place for place in places() if place.holds(key)), None)
