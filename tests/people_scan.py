"""Looks for people where none may be: numbers, names, phones and addresses of everybody in a data root, and what drives
a terminal or turns text around. Looks into spreadsheets and gzip too; tables of people (Parquet) are not for this.
"""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

_NUMBER = re.compile(r"(?<!\d)\d{16}(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?:62|0)?(8\d{8,12})(?!\d)")
_WORDS = re.compile(r"[^\W\d_]{2,}")
#: Longest name, in words, that is looked for.
_MOST_WORDS = 5
#: ESC and the other controls but tab and line ends; marks that turn text around; characters without width.
_DRIVES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


@dataclass(frozen=True, repr=False)
class People:
    """What tells somebody: NIK and KK, names in words, phones from the 8 on, e-mail addresses."""

    numbers: frozenset[str]
    names: frozenset[tuple[str, ...]]
    phones: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, registrations: Iterable[Path], population: Iterable[Path]) -> People:
        """Everybody who applied, and whoever stands in the register."""
        rows = [row for path in registrations for row in pq.read_table(path, partitioning=None).to_pylist()]
        registered = [
            row
            for path in population
            for row in pq.read_table(path, columns=["nik", "kk"], partitioning=None).to_pylist()
        ]
        names = {tuple(_WORDS.findall(str(row["full_name"]).upper())) for row in rows}
        return cls(
            frozenset(str(row[name]) for row in [*rows, *registered] for name in ("nik", "kk") if row[name]),
            frozenset(name for name in names if len(name) > 1),
            frozenset(found[1] for row in rows if (found := _PHONE.search(re.sub(r"[^\d]", "", row["phone"] or "")))),
            frozenset(row["email"].lower() for row in rows if row["email"]),
        )

    def found_in(self, text: str) -> set[str]:
        """What of anybody stands in a text, in kinds: no test prints a person."""
        found = set[str]()
        if self.numbers & set(_NUMBER.findall(text)):
            found.add("a number")
        if self.phones & set(_PHONE.findall(text)):
            found.add("a phone")
        lower = text.lower()
        if any(address in lower for address in self.addresses):
            found.add("an address")
        words = _WORDS.findall(text.upper())
        if any(
            tuple(words[at : at + length]) in self.names
            for length in range(2, _MOST_WORDS + 1)
            for at in range(len(words) - length + 1)
        ):
            found.add("a name")
        return found


def drives(text: str) -> bool:
    """Whether a text has a character that nobody sees and that does something."""
    return _DRIVES.search(text.removeprefix("\ufeff")) is not None


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """The texts of a file with their names: of a spreadsheet its parts, of anything else what can be read as UTF-8."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            yield from ((f"{path.name}!{name}", parts.read(name).decode(errors="ignore")) for name in parts.namelist())
        return
    data = path.read_bytes()
    yield path.name, (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="ignore")
