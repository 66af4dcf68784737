"""The header of delimited text: how a column's name is compared, and where a file has its header, or one more of them.

Works on text in memory, touches no file.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from pipeline.ingest.records import fields_of


@dataclass
class Header:
    """The columns of a file, by the names that are compared. ``needed`` and ``known``: those that are read."""

    names: list[str]
    needed: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def twice(self, names: list[str]) -> list[str]:
        """The columns that are read and that a header has twice: which one is meant would be a guess."""
        return [name for name in self.known if names.count(name) > 1]

    def again(self, fields: list[str]) -> list[str] | None:
        """The columns of the header that a record is, or that the last line of a file without a line end runs into."""
        width = len(self.names)
        if len(fields) == width:
            return [column_name(name) for name in fields] if self._is_header(fields) else None
        if len(fields) != 2 * width - 1:
            return None
        glued, *behind = (column_name(name) for name in fields[width - 1 :])
        begins = (name for name in sorted(self.known or self.names, key=len, reverse=True) if glued.endswith(name))
        return next((found for name in begins if self._is_header(found := [name, *behind])), None)

    def _is_header(self, fields: list[str]) -> bool:
        """Whether a record is the header once more, or that of another file: it has all columns that are needed."""
        if column_name(fields[0]) in self.names and sorted(map(column_name, fields)) == sorted(self.names):
            return True
        together = "\n".join(fields).lower()
        if not self.needed or not all(part in together for part in _parts(self.needed)):
            return False
        names = [column_name(name) for name in fields]
        # two of them: a review has one that is needed, and its note may be that word
        return set(self.needed) <= set(names) and sum(name in self.known for name in names) > 1

    def may_be_in(self, block: bytes) -> bool:
        """Whether a block may contain a header: all words of the names are in it (one alone says little: "Monika")."""
        small = block.lower()
        return all(part.encode() in small for part in _parts(self.needed or self.names))


def header_of(line: str, separator: str) -> list[str]:
    """The names of the columns that a line has with this separator."""
    return [column_name(name) for name in fields_of(line, separator)]


def column_name(name: str) -> str:
    """A column's name as it is compared: in small letters, `_` for blanks and hyphens, without what has no width."""
    seen = name if name.isascii() else "".join(c for c in name if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", seen.strip(" \t\"'\x00\xa0"))
    return re.sub(r"[\s-]+", "_", plain.lower())


def unique_names(header: list[str]) -> list[str]:
    """The names of the columns. A name that occurs twice gets a number, so that each is unique."""
    seen: set[str] = set()
    named = []
    for i, name in enumerate(header):
        named.append(f"{name}#{i}" if name in seen else name)
        seen.add(name)
    return named


def says_separator(line: str) -> bool:
    """Whether a line is a spreadsheet's word about the separator (``sep=;``)."""
    return bool(re.fullmatch(r'"?sep=.?"?', line, re.IGNORECASE))


def _parts(names: list[str]) -> list[str]:
    """The words of columns' names, which a header has however it parts them; the longest, as the rarest, first."""
    return sorted({part for name in names if name.isascii() for part in name.split("_")}, key=len, reverse=True)
