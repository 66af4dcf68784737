"""The names that a register uses for its columns and values: the small TOML file of ``gelombang import --mapping``.

Knows no source and reads only the file. docs/how-to/import-a-register.md shows one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipeline.domain.contracts import Table
from pipeline.domain.errors import BadMappingError, MissingColumnError
from pipeline.ingest.header import column_name
from pipeline.storage.files import read_text

_KEYS = {"table": str, "query": str, "columns": dict, "values": dict, "constants": dict}


@dataclass(frozen=True)
class Mapping:
    """``columns``: our name → theirs. ``values``: for our column, their word (in capitals) → ours. ``constants``: our
    column to the text that it has in every row. ``table``, ``query``: what is read of a workbook or a database.
    """

    table: str = ""
    query: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path | None, contract: Table) -> Mapping:
        """The mapping of a file; without one every column has our name. Raises BadMappingError, UnreadableFileError."""
        if path is None:
            return cls()
        try:
            raw = tomllib.loads(read_text(path))
        except tomllib.TOMLDecodeError as e:
            raise BadMappingError(f"{path} is not TOML: {e}.") from e
        _judge(path, raw, contract)
        values = {c: {their.strip().upper(): str(our) for their, our in m.items()} for c, m in raw["values"].items()}
        constants = {column: str(text) for column, text in raw["constants"].items()}
        return cls(raw.get("table", ""), raw.get("query", ""), raw["columns"], values, constants)

    def of_table(self, table: str) -> Mapping:
        """The same mapping for a table or sheet that was named at the prompt."""
        return replace(self, table=table, query="") if table else self

    def among(self, contract: Table, headers: list[list[str]]) -> Mapping:
        """The same, for sources with these columns: an optional column that one of them lacks has no value anywhere."""
        plain = [{column_name(name) for name in header} for header in headers]
        lacking = {
            column.name: ""
            for column in contract.columns
            if not column.required
            and column.name not in {**self.columns, **self.constants}
            and not all(column_name(column.name) in names for names in plain)
        }
        return replace(self, constants={**self.constants, **lacking})

    def theirs(self, contract: Table) -> dict[str, str]:
        """The source's name of each column that it must have."""
        ours = [name for name in contract.schema.names if name not in self.constants]
        return {name: self.columns.get(name, name) for name in ours}

    def found(self, contract: Table, header: list[str], where: str) -> dict[str, str]:
        """The header's own name of each column. Raises MissingColumnError with all that is missing."""
        plain = {column_name(name): name for name in reversed(header)}
        theirs = self.theirs(contract)
        missing = [ours for ours, name in theirs.items() if column_name(name) not in plain]
        if missing:
            raise MissingColumnError(
                f"{where} has no column for {', '.join(missing)}. Its columns: {', '.join(header) or 'none'}.",
                _advice(missing, theirs, list(plain)),
            )
        return {ours: plain[column_name(name)] for ours, name in theirs.items()}


def _advice(missing: list[str], theirs: dict[str, str], header: list[str]) -> str:
    ours = missing[0]
    near = get_close_matches(column_name(theirs[ours]), header, 1)
    named = near[0] if near else "the source's name"
    return (
        f'Say in the mapping what the source calls it ([columns] {ours} = "{named}"), or give every row one value '
        f'([constants] {ours} = ""; empty: nobody has one).'
    )


def _judge(path: Path, raw: dict[str, Any], contract: Table) -> None:
    """Fills in what was left out. Raises BadMappingError for an unknown key, column or word."""
    for key, kind in _KEYS.items():
        if kind is dict:
            raw.setdefault(key, {})
        if key in raw and not isinstance(raw[key], kind):
            raise BadMappingError(f"{path}: {key} is not a {'table' if kind is dict else 'text'}.")
    if unknown := sorted(raw.keys() - _KEYS):
        raise BadMappingError(f"{path}: there is no key {unknown[0]}. There are {', '.join(_KEYS)}.")
    for key in ("columns", "values", "constants"):
        if strange := sorted(raw[key].keys() - set(contract.schema.names)):
            raise BadMappingError(
                f"{path}: {contract.name} has no column {strange[0]} ([{key}]). "
                f"It has {', '.join(contract.schema.names)}."
            )
    for column, words in raw["values"].items():
        allowed = contract.column(column).allowed
        if not isinstance(words, dict):
            raise BadMappingError(f"{path}: [values] {column} is not a table of their word = our word.")
        for word in words.values():
            if allowed and word not in allowed:
                raise BadMappingError(f"{path}: {column} cannot be {word}, only {', '.join(allowed)}.")
    if any(not isinstance(name, str) for name in raw["columns"].values()):
        raise BadMappingError(f"{path}: a name in [columns] is not a text.")
