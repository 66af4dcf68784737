"""Where people were born: the districts of 2020 and how many people each gets. Reads ``data/reference`` only."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from pipeline.simulate.noise import I64, uniform
from pipeline.storage.files import read_text
from pipeline.storage.paths import project_data

#: Codes that no list of 2020 has, at any level: NIKs issued there earn the warning ``nik_region``.
UNKNOWN_DISTRICTS = (203101, 907103, 990101)
UNKNOWN_SHARE = 0.002


@dataclass(frozen=True)
class Regions:
    """Districts in the order of their codes, and their provinces."""

    districts: I64  # six-digit codes
    weights: I64  # relative number of people, per district
    province: I64  # index into ``provinces``, per district
    provinces: tuple[str, ...]  # two-digit codes
    cultures: tuple[str, ...]  # per province

    def regency(self, seed: int, person: I64, nik: I64, province: I64) -> I64:
        """Where in their province people live, four digits: where their NIK was issued, unless they moved away."""
        codes = np.array([int(code) for code in self.provinces])
        known = np.unique(self.districts // 100)
        known = known[np.isin(known // 100, codes)]
        first, last = (np.searchsorted(known // 100, codes[province], side=side) for side in ("left", "right"))
        other = known[first + (uniform(seed, "regency", person) * (last - first)).astype(np.int64)]
        issued = nik // 10**12
        return np.where(issued // 100 == codes[province], issued, other)


def load(seed: int) -> Regions:
    """The regions of 2020 with population weights: the census by province, uneven among its districts."""
    reference = project_data() / "reference"
    provinces = list(csv.DictReader(read_text(reference / "provinces.csv").splitlines()))
    codes = [row["code"] for row in csv.DictReader(read_text(reference / "regions_2020.csv").splitlines())]
    districts = np.array(sorted(int(code) for code in codes if len(code) == 6), dtype=np.int64)
    order = {row["code"]: number for number, row in enumerate(provinces)}
    province = np.array([order[str(code // 10_000)] for code in districts])
    size = 0.25 + uniform(seed, "district", districts) ** 2 * 1.5
    census = np.array([float(row["census_2020"]) for row in provinces])
    weights = size * census[province] / np.bincount(province, weights=size, minlength=len(provinces))[province]
    # people of unknown districts live in Jawa Barat, where mistakes of typing are as likely as people
    unknown = np.array(UNKNOWN_DISTRICTS, dtype=np.int64)
    home = order["32"]
    districts = np.concatenate([districts, unknown])
    weights = np.concatenate([weights, np.full(len(unknown), weights.sum() * UNKNOWN_SHARE / len(unknown))])
    province = np.concatenate([province, np.full(len(unknown), home)])
    by_code = np.argsort(districts, kind="stable")
    return Regions(
        districts=districts[by_code],
        weights=np.maximum(1, weights[by_code]).astype(np.int64),
        province=province[by_code],
        provinces=tuple(row["code"] for row in provinces),
        cultures=tuple(row["culture"] for row in provinces),
    )
