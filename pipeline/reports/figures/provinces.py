"""Provinces: their names, how many people live there, and where each stands on the map of tiles."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from pipeline.reports.figures.groups import Group
from pipeline.storage.files import read_text
from pipeline.storage.paths import project_data

#: Shades of the map, from the lightest to the darkest.
SHADES = 5


@dataclass(frozen=True)
class Province:
    """A province of 2020; ``people`` by the census of that year."""

    code: str
    name: str
    people: int


@dataclass(frozen=True)
class Tile:
    """A province on the map: short name, column and row, applications per 100,000 people and their shade (1…5).

    Without a rate the province's figures are merged with others'.
    """

    province: Province
    short: str
    x: int
    y: int
    rate: float | None
    shade: int


@dataclass(frozen=True)
class Map:
    """The tiles, and the bounds of the shades (``SHADES`` + 1 rates)."""

    tiles: list[Tile]
    bounds: list[float]

    @property
    def digits(self) -> int:
        """Decimals that the rates are written with."""
        return 0 if self.bounds and self.bounds[-1] >= 100 else 1


@lru_cache(maxsize=1)
def provinces() -> dict[str, Province]:
    """All provinces by code."""
    lines = read_text(project_data() / "reference" / "provinces.csv").splitlines()
    return {r["code"]: Province(r["code"], r["name"], int(r["census_2020"])) for r in csv.DictReader(lines)}


def name(code: str) -> str | None:
    """A province's name; None for a code that is not one of the 34."""
    found = provinces().get(code)
    return found.name if found else None


def people(codes: Sequence[str]) -> int | None:
    """How many people live in these provinces; None when one of them is unknown."""
    known = provinces()
    return sum(known[c].people for c in codes) if all(c in known for c in codes) else None


def map_of(groups: Sequence[Group]) -> Map:
    """Applications per 100,000 people, in five shades of about as many provinces each."""
    raw = tomllib.loads((files("pipeline.reports.figures") / "tiles.toml").read_text(encoding="utf-8"))["tile"]
    known = provinces()
    rates = {g.keys[0]: g.applications / known[g.keys[0]].people * 100_000 for g in groups if _single(g, known)}
    ranked = sorted(rates.values())
    bounds = [ranked[round(i * (len(ranked) - 1) / SHADES)] for i in range(SHADES + 1)] if ranked else []
    tiles = []
    for code, (short, x, y) in sorted(raw.items()):
        rate = rates.get(code)
        shade = 0 if rate is None else max(1, sum(rate > bound for bound in bounds[:-1]))
        tiles.append(Tile(known[code], short, x, y, rate, shade))
    return Map(tiles, bounds)


def _single(group: Group, known: dict[str, Province]) -> bool:
    return len(group.keys) == 1 and group.keys[0] in known
