"""Provinces: their names, how many people live there, and the place of each on the map of tiles."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from math import floor, log10

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
    """The tiles, and the bounds of the shades, from 0."""

    tiles: list[Tile]
    bounds: list[float]

    @property
    def digits(self) -> int:
        """Decimals that the rates are written with."""
        return _digits(self.bounds)

    @property
    def classes(self) -> list[tuple[float, float]]:
        """The lowest and the highest rate of each shade, as they are written."""
        least = 10.0**-self.digits
        return [(low, high - least) for low, high in pairwise(self.bounds)]


@lru_cache(maxsize=1)
def provinces() -> dict[str, Province]:
    """All provinces by code."""
    lines = read_text(project_data() / "reference" / "provinces.csv").splitlines()
    return {r["code"]: Province(r["code"], r["name"], int(r["census_2020"])) for r in csv.DictReader(lines)}


@lru_cache(maxsize=1)
def regencies() -> dict[str, str]:
    """The names of all regencies and cities of 2020, by code."""
    lines = read_text(project_data() / "reference" / "regions_2020.csv").splitlines()
    return {row["code"]: row["name"] for row in csv.DictReader(lines) if len(row["code"]) == 4}


def name(code: str) -> str | None:
    """The name of a province, or of a regency with its province; None for a code that no list of 2020 has."""
    found = provinces().get(code[:2])
    if len(code) == 2 or not found:
        return found.name if found else None
    return f"{regencies()[code]} ({found.name})" if code in regencies() else None


def people(codes: Sequence[str]) -> int | None:
    """How many people live in these provinces; None when one of them is unknown."""
    known = provinces()
    return sum(known[c].people for c in codes) if all(c in known for c in codes) else None


def map_of(groups: Sequence[Group]) -> Map:
    """Applications per 100,000 people, in at most five shades of one width each."""
    raw = tomllib.loads((files("pipeline.reports.figures") / "tiles.toml").read_text(encoding="utf-8"))["tile"]
    known = provinces()
    rates = {g.keys[0]: g.applications / known[g.keys[0]].people * 100_000 for g in groups if _single(g, known)}
    bounds = _bounds(max(rates.values(), default=0.0))
    digits = _digits(bounds)
    tiles = []
    for code, (short, x, y) in sorted(raw.items()):
        rate = rates.get(code)
        # the rate as it is written: the same figure has the same colour
        shade = 0 if rate is None else max(1, sum(round(rate, digits) >= bound for bound in bounds[:-1]))
        tiles.append(Tile(known[code], short, x, y, rate, shade))
    return Map(tiles, bounds)


def _bounds(most: float) -> list[float]:
    """Round bounds from 0 to the highest rate, at most ``SHADES`` classes of one width: a scale of quantities."""
    if most <= 0:
        return []
    magnitude = 10.0 ** floor(log10(most / SHADES))
    width = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude * SHADES > most)
    classes = floor(most / width) + 1
    return [round(width * n, 6) for n in range(classes + 1)]


def _digits(bounds: Sequence[float]) -> int:
    return 0 if bounds and bounds[-1] >= 100 else 1


def _single(group: Group, known: dict[str, Province]) -> bool:
    return len(group.keys) == 1 and group.keys[0] in known
