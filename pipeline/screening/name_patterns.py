"""What does not belong to a name, as patterns that fill sql/macros.sql. Reads ``name_parts.toml`` and nothing else.

Every room that compares names defines the macros here: so there is one definition of two equal names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import duckdb

from pipeline.storage import duckdb_sql

#: What may stand between the parts of a degree, and between a specialist's degree and what follows it.
_BETWEEN, _BEHIND = "[. -]*", "[^A-Z0-9]*"


@lru_cache(maxsize=1)
def _raw() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("pipeline.screening") / "name_parts.toml").read_text(encoding="utf-8"))


def degrees() -> dict[str, list[str]]:
    """The degrees by what else they may be."""
    return {kind: list(entries) for kind, entries in _raw()["degrees"].items()}


def define_macros(db: duckdb.DuckDBPyConnection) -> None:
    """Defines the functions of ``sql/macros.sql`` in a connection."""
    duckdb_sql.run(db, "pipeline.screening", "sql/macros", patterns())


def patterns() -> dict[str, str]:
    """The alternatives of each kind, for RE2, in capitals; ``{modern}`` is SQL over ``name``."""
    kinds = degrees()
    every = [degree for kind in kinds.values() for degree in kind]
    consultant, sure_consultant = _consultants([degree for degree in every if degree.startswith("Sp.")])
    modern = "name"
    for old, new in _raw()["spelling"]["steps"]:
        modern = f"replace({modern}, '{old.upper()}', '{new.upper()}')"
    return {
        "$degree": _any(every, _BETWEEN) + f"|{consultant}",
        "$unmistakable": _any(kinds["unmistakable"], _BETWEEN) + f"|{sure_consultant}",
        "$dotted": _any((d for d in every if "." in d and d not in kinds["unmistakable"]), _BETWEEN, first=r"\.\s?"),
        "$bunched": _any(kinds["unmistakable"] + kinds["maybe_initials"], ""),
        "$front": _any(_raw()["titles"]["front"], " *"),
        "$connecting": _any(_raw()["patronymic"]["connecting"], ""),
        "{modern}": modern,
    }


def _consultants(specialists: list[str]) -> tuple[str, str]:
    """Of a specialist who is a consultant all that may be written, and what nobody's name can be."""
    fields = _any(_raw()["consultants"]["fields"], _BETWEEN)
    bare, dotted = (_any(specialists, _BETWEEN, first=first) for first in (None, r"\.\s?"))
    field = f"(?:{_BEHIND}(?:{fields}))"
    subspecialist = r"SUBSP\b[^A-Z0-9]*(?:[A-Z]+[^A-Z0-9]+){0,8}(?:[A-Z]+)?"
    sure = rf"(?:{bare}){_BEHIND}(?:[(\[{{-] *K\b{field}?|K{field})|(?:{dotted}){_BEHIND}K|{subspecialist}"
    return rf"(?:{bare}){_BEHIND}K{field}?|{subspecialist}", sure


def _any(entries: Iterable[str], between: str, first: str | None = None) -> str:
    """One of these; ``between`` may be between their parts; ``first`` must follow the first part."""
    return _tree({tuple(entry.upper().split(".")) for entry in entries}, between, first or between)


def _tree(entries: set[tuple[str, ...]], between: str, first: str) -> str:
    """Writes a common beginning of several words once, so that the pattern stays short and compiles quickly."""
    branches = []
    for head in sorted({head for head, *_ in entries}):
        rests = {rest for begin, *others in entries if begin == head and (rest := tuple(others))}
        more = f"(?:{first}(?:{_tree(rests, between, between)}))" if rests else ""
        branches.append(head + more + ("?" if more and (head,) in entries else ""))
    return "|".join(branches)
