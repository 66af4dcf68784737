"""Reads the tables of ``cases/*.toml``: what the rules say, as rows that a person can read and a test can run.

Each row of a table is one application. Columns that a table does not have keep a faultless default; ``nik`` and ``kk``
are names (A, B, …) of well-formed numbers unless they are digits. The same tables make docs/reference/rules.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.spec.world import BORN, World, at, kk, nik, wave

CASES = Path(__file__).with_name("cases")
Cells = dict[str, str]
_APPLICATION = {"name": "full_name", "sex": "sex", "phone number": "phone", "e-mail address": "email"}
_REGISTER = {"registered name": "full_name", "citizenship": "citizenship", "occupation": "occupation"}


@dataclass(frozen=True)
class Case:
    """One table: which codes it is about, what it says in words, and its rows."""

    layer: str
    codes: tuple[str, ...]
    title: str
    rows: tuple[Cells, ...]
    wave: int

    def __str__(self) -> str:
        return f"{self.layer}: {self.title}"


def cases(layer: str) -> list[Case]:
    """The tables of a layer, in the file's order."""
    raw = tomllib.loads((CASES / f"{layer}.toml").read_text(encoding="utf-8"))
    return [Case(layer, tuple(t["codes"]), t["title"], _rows(t["table"]), t.get("wave", 1)) for t in raw["case"]]


def _rows(text: str) -> tuple[Cells, ...]:
    head, *rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    assert all(len(row) == len(head) for row in rows), text
    return tuple(dict(zip(head, row, strict=True)) for row in rows)


def expected(cells: Cells, column: str) -> list[str]:
    """The codes that a cell lists."""
    return [code for code in cells[column].split(", ") if code]


def judge(root: Path, case: Case) -> list[tuple[Cells, dict[str, Any]]]:
    """Runs a table: each row with what screening says of it. Rows of different waves are judged apart."""
    found: list[tuple[Cells, dict[str, Any]]] = []
    for number in sorted({int(row.get("wave", case.wave)) for row in case.rows}):
        rows = [row for row in case.rows if int(row.get("wave", case.wave)) == number]
        world = World(root / f"wave-{number}")
        world.root.mkdir()
        ids = [plant(world, number, place, cells) for place, cells in enumerate(rows, 1)]
        screened = world.screen(wave(number))
        found += [(cells, screened[id_]) for cells, id_ in zip(rows, ids, strict=True)]
    return found


def plant(world: World, number: int, place: int, cells: Cells) -> str:
    """One row: the application, its person, and what the other registers say."""
    born = date.fromisoformat(cells.get("born") or BORN.isoformat())
    registered = date.fromisoformat(cells.get("registered born") or born.isoformat())
    own = _number(cells.get("nik", ""), place, born, cells.get("sex", "L"))
    family = _family(cells.get("kk", ""), int(own[-4:]) if own.isdigit() else place)
    changes: dict[str, Any] = {"birth_date": born, "kk": family}
    if cells.get("submitted"):
        changes["submitted_at"] = at(cells["submitted"])
    if cells.get("submitted") == "" and "submitted" in cells:
        changes["submitted_at"] = None
    for column in ("email", "phone"):
        if column in cells:
            changes[f"{column}_verified"] = {"yes": True, "no": False, "": None}[cells[column]]
    if cells.get("born") == "" and "born" in cells:
        changes["birth_date"] = None
    changes |= {_APPLICATION[c]: v for c, v in cells.items() if c in _APPLICATION}
    id_ = world.apply(wave(number), cells.get("application") or f"R{place}", own, **changes)
    if own.isdigit() and len(own) == 16 and cells.get("registered", "yes") == "yes":
        registered_kk = cells.get("registered kk", "")
        _register(world, own, registered, _family(registered_kk, place) if registered_kk else family, cells)
    for column, extract in (("education", "education"), ("assistance", "bansos")):
        for entry in filter(None, cells.get(column, "").split(", ")):
            first, status = entry.split(" ")
            world.enter(extract, own, status=status, **{"register" if column == "education" else "programme": first})
    if cells.get("blacklisted since"):
        since = cells["blacklisted since"]
        world.enter("blacklist", own, since=None if since == "unknown" else date.fromisoformat(since))
    if cells.get("accepted in"):
        _, earlier, *revision = cells["accepted in"].replace("revision ", "").replace(",", "").split(" ")
        world.accepted(own, int(earlier), int(revision[0]) if revision else None)
    if cells.get("listed") == "yes":
        world.enter("priority", own, listed_by="KEMNAKER")
    return id_


def _register(world: World, own: str, born: date, family: str, cells: Cells) -> None:
    if any(row["nik"] == own for row in world.extracts["population"]):
        return
    person: dict[str, Any] = {"birth_date": born, "kk": family, "sex": cells.get("sex", "L")}
    if "name" in cells:
        person["full_name"] = cells["name"]
    person |= {_REGISTER[c]: v or None for c, v in cells.items() if c in _REGISTER}
    if "alive" in cells:
        person["alive"] = {"yes": True, "no": False, "": None}[cells["alive"]]
    world.person(own, **person)
    other = {c.removeprefix("also "): v for c, v in cells.items() if c.startswith("also ") and v}
    if other:  # the same person once more, with other facts
        facts: dict[str, Any] = {c: v for c, v in other.items() if c in ("citizenship", "occupation")}
        facts |= {"alive": other["alive"] == "yes"} if "alive" in other else {}
        facts |= {"kk": _family(other["kk"], 0)} if "kk" in other else {}
        world.person(own, **{**person, **facts, **({"full_name": other["name"]} if "name" in other else {})})
    if cells.get("second holder"):
        world.person(own, **{**person, "full_name": cells["second holder"], "kk": kk(9999)})


def _number(text: str, place: int, born: date, sex: str) -> str:
    """``A`` is the same well-formed NIK wherever it stands; anything longer than a letter is taken as it is."""
    if len(text) > 1:
        return text
    return nik(9000 + ord(text) if text else place, born, sex)


def _family(text: str, place: int) -> str:
    if len(text) > 1:
        return text
    return kk(9000 + ord(text) if text else place)
