"""Which kind of personal data a column is (``personal.toml``): identity, contact, biometric, …, or none."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.domain.contracts.column import Column, Table

NONE = "none"


@dataclass(frozen=True)
class Kind:
    """A kind of personal data. ``specific``: the law (UU PDP art. 4 (2)) protects it more."""

    name: str
    id: str
    en: str
    specific: bool


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by name, in the order of the catalogue."""
    return {name: Kind(name, **values) for name, values in _catalogue()["kind"].items()}


def kind_of(table: Table, column: Column) -> Kind:
    """The kind of a table's column. Raises KeyError for a column that no entry describes."""
    known = _by_column()
    return kinds()[known.get((table.name, column.name)) or known["", column.name]]


@cache
def _by_column() -> dict[tuple[str, str], str]:
    """Kinds by table (empty: any) and column."""
    catalogue = _catalogue()
    listed = {"": catalogue["columns"], **catalogue["table"]}
    return {
        (table, column): kind
        for table, by_kind in listed.items()
        for kind, columns in by_kind.items()
        for column in columns
    }


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.domain.contracts") / "personal.toml").read_text(encoding="utf-8"))
