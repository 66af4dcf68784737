"""The draw favours nobody: a thousand draws of one list, by the pipeline's own function, in both forms.

The seeds are fixed, so each test gives the same answer every time. With seeds of chance, each of the four looks at one
form would alarm once in a million times (``ALARM``); whoever changes the seeds and meets an alarm has found a mistake.
"""

from __future__ import annotations

import hmac
import random
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2, norm, rankdata

from pipeline.domain.draw_hash import define_draw
from pipeline.draw.draw import draw
from pipeline.storage.paths import Store
from tests.spec.world import by_id, wave
from tests.unit.test_draw import screened

PEOPLE, SEEDS, BINS = 300, 1_000, 20
#: The false alarm rate of one look at a form.
ALARM = 1e-6
PROVINCES = ("11", "31", "32", "33", "35", "51", "61", "73", "81", "94")
Ranks = npt.NDArray[np.float64]  # one row a seed, one column a person, ranks from 1


@dataclass(frozen=True)
class Applicants:
    """Who applied: what a draw must not go by, and what each form draws by."""

    niks: list[str]
    provinces: npt.NDArray[np.str_]
    hours: npt.NDArray[np.float64]
    ids: dict[str, list[str]]  # form → what is drawn by
    seeds: dict[str, list[str]]


@pytest.fixture(scope="module")
def applicants() -> Applicants:
    """Made up: ids are given in the order of registration, and a NIK begins with the province."""
    chance = random.Random(16)
    hours = sorted(chance.uniform(0, 96) for _ in range(PEOPLE))
    provinces = [PROVINCES[n % len(PROVINCES)] for n in range(PEOPLE)]
    chance.shuffle(provinces)
    niks = [f"{province}{chance.randrange(10**14):014d}" for province in provinces]
    tickets = [hmac.digest(b"key of the wave", nik.encode(), "sha256").hex() for nik in niks]
    ids = {"first": [f"W12-{n:07d}" for n in range(1, PEOPLE + 1)], "second": tickets}
    seeds = {"first": [f"kartu-prakerja/gelombang-{n}" for n in range(SEEDS)]}
    seeds |= {"second": [sha256(f"gelombang/2:12:{n}".encode()).hexdigest() for n in range(SEEDS)]}
    return Applicants(niks, np.array(provinces), np.array(hours), ids, seeds)


def draws(ids: list[str], seeds: list[str]) -> npt.NDArray[np.float64]:
    """The draw of each person under each seed, by the pipeline's own function, as a share of its range."""
    rows = []
    people = "SELECT unnest(?) AS id, generate_subscripts(?, 1) AS n"
    first_digits = "SELECT CAST('0x' || left(draw_of(id), 13) AS BIGINT) AS digits FROM people ORDER BY n"
    with duckdb.connect(config={"threads": 1}) as db:
        db.execute(f"CREATE TABLE people AS {people}", [ids, ids])
        for seed in seeds:
            define_draw(db, wave(12, seed=seed))
            rows.append([digits / 16**13 for (digits,) in db.execute(first_digits).fetchall()])
    return np.array(rows)


@pytest.fixture(scope="module")
def drawn(applicants: Applicants) -> dict[str, npt.NDArray[np.float64]]:
    return {form: draws(applicants.ids[form], applicants.seeds[form]) for form in ("first", "second")}


def ranks_of(values: npt.NDArray[np.float64]) -> Ranks:
    return np.asarray(rankdata(values, axis=1))


def alarms(ranks: Ranks, people: Applicants) -> set[str]:
    """Which looks find that ranks go by something. All have exact means and variances under a fair draw."""
    seeds, n = ranks.shape
    found: set[str] = set()
    # uniform: under a fair draw each person's rank falls into each twentieth equally often (chi-square, 19 degrees)
    binned = ((ranks - 1) * BINS // n).astype(int)
    counts = np.stack([(binned == b).sum(axis=0) for b in range(BINS)])
    expected = seeds / BINS
    if ((counts - expected) ** 2 / expected).sum(axis=0).max() > chi2.isf(ALARM / n, BINS - 1):
        found.add("uniform")
    # NIK and hour: Spearman's correlation has variance 1 / (n - 1) in each seed; its mean over the seeds is normal
    for what, trait in (("nik", rankdata(people.niks)), ("hour", rankdata(people.hours))):
        centred = ranks - (n + 1) / 2
        of_trait = trait - trait.mean()
        rho = centred @ of_trait / np.sqrt((centred**2).sum(axis=1) * (of_trait**2).sum())
        if abs(rho.mean()) * np.sqrt(seeds * (n - 1)) > norm.isf(ALARM / 2):
            found.add(what)
    # region: the mean rank of m people of n has variance (n + 1)(n - m) / 12m in each seed (drawn without replacement)
    for province in PROVINCES:
        of_it = people.provinces == province
        m = int(of_it.sum())
        far = ranks[:, of_it].mean() - (n + 1) / 2
        if abs(far) / np.sqrt((n + 1) * (n - m) / (12 * m) / seeds) > norm.isf(ALARM / 2 / len(PROVINCES)):
            found.add("region")
    return found


@pytest.mark.parametrize("form", ["first", "second"])
def test_the_draw_goes_by_nothing(form: str, drawn: dict, applicants: Applicants) -> None:
    assert alarms(ranks_of(drawn[form]), applicants) == set()


def favour(values: npt.NDArray[np.float64], kind: str, people: Applicants) -> npt.NDArray[np.float64]:
    """The same draws, bent."""
    bent = values.copy()
    if kind == "uniform":  # one person of 300 chose the better of two ids, as one can who registers twice
        bent[:, 7] = np.minimum(bent[:, 7], np.roll(values[:, 7], 1))
    elif kind == "region":  # people of one province stand three places in a hundred further to the front
        bent[:, people.provinces == "31"] *= 0.97
    elif kind == "hour":  # who came in the first hour stands two in a hundred before who came in the last
        bent += 0.02 * people.hours / 96
    else:  # only the first digit of the hash counts, and then the NIK
        bent = np.floor(bent * 16) + rankdata(people.niks) / 1000
    return bent


@pytest.mark.parametrize("form", ["first", "second"])
@pytest.mark.parametrize("kind", ["uniform", "region", "hour", "nik"])
def test_a_bent_draw_is_caught(kind: str, form: str, drawn: dict, applicants: Applicants) -> None:
    assert kind in alarms(ranks_of(favour(drawn[form], kind, applicants)), applicants)


@pytest.mark.parametrize("form", ["first", "second"])
def test_the_real_draw_stands_in_the_order_that_was_tested(
    form: str, drawn: dict, applicants: Applicants, tmp_path: Path
) -> None:
    this, store = wave(12, seed=applicants.seeds[form][0], quota=30), Store.at(tmp_path)
    screened(store.work(this), dict.fromkeys(applicants.ids[form], "public"))
    draw(store, this)
    order = np.argsort(drawn[form][0])
    assert list(by_id(store.work(this) / "drawn.parquet")) == [applicants.ids[form][n] for n in order]
