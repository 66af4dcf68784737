"""A difference between a wave and what it ought to be: the result of every part of an audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.record.finding import Finding, finding


@dataclass(frozen=True)
class Difference:
    """A file or the record, and what is wrong with it."""

    where: str
    finding: Finding

    @property
    def what(self) -> str:
        """What is wrong, in English."""
        return str(self.finding)

    def says(self, language: str) -> str:
        """Both in words."""
        return f"{self.where}: {self.finding.says(language)}"

    def to_json(self) -> dict[str, str]:
        """For a program: where, the finding's name, and the words."""
        return {"where": self.where, "finding": self.finding.name, "what": self.what}


def difference(where: str, name: str, /, **values: Any) -> Difference:
    """A difference, its finding by name (``pipeline/record/findings.toml``)."""
    return Difference(where, finding(name, **values))
