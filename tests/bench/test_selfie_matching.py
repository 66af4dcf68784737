"""How often the default recogniser errs, by group: strangers called the same, genuine pairs lost.

Prints every rate with its 95 % interval, at the built-in thresholds and cross-validated: thresholds from one half of
the people, rates on the other half, ten times.
"""

from __future__ import annotations

import csv
from itertools import combinations

import numpy as np
import pytest

from pipeline.domain.settings import settings
from pipeline.selfie.calibration import LabelledPairs, Share, auc, calibrate
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, recogniser
from tests.faces import FACES
from tools.selfie import group_pairs

pytestmark = pytest.mark.skipif(not FACES.is_dir(), reason="the folder of photographs is not here")
ROUNDS = 10
#: Most false matches of a group at `match`, and of its strangers in doubt.
FALSE_MATCHES, IN_DOUBT = 0.001, 0.02
#: Most genuine pairs that are no match. CelebA misses its aim of 10 % (model card).
NOT_MATCHED = {"lfw": 0.012, "lfw asian": 0.015, "celeba": 0.12}
AGES = ((17, 29), (30, 44), (45, 70))


def distance_of(similarity: float, policy: SelfiePolicy) -> float:
    """The distance that has this similarity."""
    curve = policy.calibration
    return curve.midpoint + float(np.log(1 / similarity - 1)) / curve.slope


@pytest.fixture(scope="module")
def policy() -> SelfiePolicy:
    return SelfiePolicy.default(settings())


@pytest.fixture(scope="module")
def strangers() -> dict[str, tuple[list[str], np.ndarray]]:
    """Per group its photographs, one a person, and the distances of all pairs of them [n, n]."""
    model, found = recogniser(DEFAULT), {}
    for group, paths in group_pairs.strangers(FACES).items():
        known = group_pairs.describe(FACES, paths, model)
        names = [path for path in paths if path in known]
        pairs = [group_pairs.Pair(one, other, False) for one, other in combinations(names, 2)]
        square = np.full((len(names), len(names)), np.inf)
        square[np.triu_indices(len(names), 1)] = group_pairs.distances(pairs, known, model)
        found[group] = names, square
    return found


def pairs_of(square: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
    """The distances of all pairs, or of those among the chosen people."""
    part = square if chosen is None else square[np.ix_(chosen, chosen)]
    return part[np.triu_indices(len(part), 1)]


def limit(group: str) -> float:
    return group_pairs.LIMITS.get(group, FALSE_MATCHES)


def test_strangers_by_group(strangers, policy):
    match, doubt = distance_of(policy.match, policy), distance_of(policy.doubt, policy)
    for group, (_, square) in sorted(strangers.items()):
        apart = pairs_of(square)
        same, unsure = Share.make(apart < match), Share.make((apart >= match) & (apart < doubt))
        print(f"\n{group}: called the same {same}; in doubt {unsure}", end="")
        assert same.share <= limit(group), group
        assert same.high <= 2 * limit(group) or same.of < 2_000, group
        assert unsure.share <= IN_DOUBT + 1e-4, group


def test_strangers_by_age(strangers, policy):
    match = distance_of(policy.match, policy)
    ages = {row["path"]: row["age"] for row in csv.DictReader((FACES / "groups.csv").open())}
    for low, high in AGES:
        hits = [
            pairs_of(square, np.array([bool(ages[name]) and low <= int(ages[name]) <= high for name in names])) < match
            for group, (names, square) in strangers.items()
            if group.startswith("utk")
        ]
        print(f"\nutk, both {low} to {high} years old: called the same {Share.make(np.concatenate(hits))}", end="")


def test_cross_validated(strangers):
    """Thresholds of one half of the people, false matches of the other."""
    rates: dict[str, list[float]] = {group: [] for group in strangers}
    limits = []
    for number in range(ROUNDS):
        rng = np.random.default_rng(number)
        halves = {group: rng.permutation(len(names)) % 2 == 0 for group, (names, _) in strangers.items()}
        known = [
            LabelledPairs(group, np.zeros(10) if i == 0 else np.empty(0), pairs_of(square, halves[group]))
            for i, (group, (_, square)) in enumerate(strangers.items())
        ]
        match = calibrate(known, FALSE_MATCHES, group_pairs.LIMITS).match
        limits.append(match)
        for group, (_, square) in strangers.items():
            rates[group].append(float((pairs_of(square, ~halves[group]) < match).mean()))
    print(f"\nmatch below {np.mean(limits):.3f} ({min(limits):.3f} to {max(limits):.3f})", end="")
    for group, found in sorted(rates.items()):
        print(f"\n{group}, people not seen: called the same {np.mean(found):.3%}, worst round {max(found):.3%}", end="")
        assert np.mean(found) <= 1.5 * limit(group), group


@pytest.mark.parametrize(("name", "least"), [("lfw", 0.9995), ("celeba", 0.996)])
def test_genuine_pairs(name, least, policy):
    model = recogniser(DEFAULT)
    pairs = group_pairs.labelled(FACES, name)
    known = group_pairs.describe(FACES, (path for pair in pairs for path in (pair.one, pair.other)), model)
    apart = np.array([np.inf if d is None else d for d in group_pairs.distances(pairs, known, model)])
    same = np.array([pair.same for pair in pairs])
    match, doubt = distance_of(policy.match, policy), distance_of(policy.doubt, policy)
    compared = np.isfinite(apart)
    found = auc(apart[same & compared], apart[~same & compared])
    print(f"\n{name}: AUC {found:.4f} of {compared.sum()} pairs compared, {(~compared).sum()} without a comparison")
    for title, mine in {name: np.full(len(pairs), True), **_kinds(name, pairs)}.items():
        lost, rejected = Share.make(apart[same & mine] >= match), Share.make(apart[same & mine] >= doubt)
        print(f"  {title}: genuine pairs not matched {lost}, rejected {rejected}")
        assert lost.share <= NOT_MATCHED.get(title, 1)
    print(f"  strangers called the same {Share.make(apart[~same] < match)}")
    assert found >= least


def _kinds(name: str, pairs: list[group_pairs.Pair]) -> dict[str, np.ndarray]:
    """Which pairs belong to a group, a sex, an age group."""
    if name == "lfw":
        sexes = {
            f"{int(row['lfw_person']):04d}": row["sex"]
            for row in csv.DictReader((FACES / "groups.csv").open())
            if row["lfw_person"]
        }
        people = [pair.one[4:8] for pair in pairs]
        kinds = {group: np.array([pair.group == group for pair in pairs]) for group in ("lfw asian", "lfw other")}
        return kinds | {
            title: np.array([sexes.get(p) == sex for p in people]) for title, sex in (("men", "L"), ("women", "P"))
        }
    about = {row["path"]: row for row in csv.DictReader((FACES / "celeba.csv").open())}
    wanted = (("men", "male", "1"), ("women", "male", "0"), ("young", "young", "1"), ("not young", "young", "0"))
    return {title: np.array([about[pair.one][column] == value for pair in pairs]) for title, column, value in wanted}
