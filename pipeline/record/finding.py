"""One problem that an audit found, in either language; the words are in ``findings.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """What can be found: a name → language → text."""
    return dict(tomllib.loads((files("pipeline.record") / "findings.toml").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Finding:
    """``name`` is that of the catalogue; ``values`` fill its text in."""

    name: str
    values: dict[str, Any]

    def says(self, language: str) -> str:
        """The finding in words. Raises KeyError for an unknown name or a missing value."""
        return catalogue()[self.name][language].format_map(self.values)

    def __str__(self) -> str:
        return self.says("en")


def finding(name: str, /, **values: Any) -> Finding:
    """A finding with its values."""
    return Finding(name, values)
