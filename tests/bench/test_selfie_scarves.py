"""How well faces match under a head scarf. The folder has no two photographs of one woman in hijab, so the scarves are
rendered (``tools/selfie/scarf.py``); strangers are measured on rendered scarves and on real ones.

Prints every rate with its 95 % interval, at the built-in thresholds.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.domain.settings import settings
from pipeline.selfie.calibration import Share
from pipeline.selfie.defects.defect_scores import look
from pipeline.selfie.detection.face_finder import find
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, Described, recogniser
from tests.bench.test_selfie_matching import distance_of
from tests.faces import FACES
from tools.selfie import group_pairs
from tools.selfie.group_pairs import Pair
from tools.selfie.scarf import draped

pytestmark = pytest.mark.skipif(not FACES.is_dir(), reason="the folder of photographs is not here")
Known = dict[str, Described]


def under_scarves(bare: Known) -> Known:
    """The same photographs with a scarf rendered, found and described anew; a face no longer found is left out."""
    model, found = recogniser(DEFAULT), {}
    for path, one in bare.items():
        pixels, mesh = one.face
        picture = draped(pixels, mesh, np.random.default_rng(zlib.crc32(path.encode())))
        again = find(picture).mesh
        if again is not None:
            face = (picture, again)
            found[path] = Described(face, model.describe([face])[0])
    return found


def apart(pairs: Iterable[Pair], selfies: Known, references: Known) -> NDArray[np.float64]:
    """Distances of the pairs; infinite where a face was not found."""
    asked = list(pairs)
    both = [(selfies.get(pair.one), references.get(pair.other)) for pair in asked]
    compared = iter(recogniser(DEFAULT).distances([(a, b) for a, b in both if a and b]))
    return np.array([next(compared) if a and b else np.inf for a, b in both])


def women(name: str) -> list[Pair]:
    """Genuine pairs of women, as far as the sex is labelled."""
    if name == "celeba":
        of = {row["path"] for row in csv.DictReader((FACES / "celeba.csv").open()) if row["male"] == "0"}
    else:
        rows = [row for row in csv.DictReader((FACES / "groups.csv").open()) if row["lfw_person"]]
        people = {f"lfw/{int(row['lfw_person']):04d}" for row in rows if row["sex"] == "P"}
        of = {pair.one for pair in group_pairs.labelled(FACES, name) if pair.one.split("_")[0] in people}
    return [pair for pair in group_pairs.labelled(FACES, name) if pair.same and pair.one in of]


@pytest.fixture(scope="module")
def policy() -> SelfiePolicy:
    return SelfiePolicy.default(settings())


@pytest.mark.parametrize(("name", "most"), [("lfw", 0.10), ("celeba", 0.35)])
def test_genuine_pairs_under_rendered_scarves(name, most, policy):
    pairs = women(name)
    bare = group_pairs.describe(FACES, (p for pair in pairs for p in (pair.one, pair.other)), recogniser(DEFAULT))
    covered = under_scarves(bare)
    match, doubt = distance_of(policy.match, policy), distance_of(policy.doubt, policy)
    plain = apart(pairs, bare, bare)
    print(f"\n{name}: {len(pairs)} genuine pairs of women, {len(bare) - len(covered)} faces lost under the scarf")
    real = [(score.scarf or 0) >= 0.5 for score in look([one.face for one in covered.values()])]
    print(f"  the classifier that knows real scarves sees one on {Share.make(np.array(real))}")
    for title, found in (
        ("bare", plain),
        ("the selfie covered", apart(pairs, covered, bare)),
        ("both covered", apart(pairs, covered, covered)),
    ):
        shift = (found - plain)[np.isfinite(found) & np.isfinite(plain)].mean()
        lost, rejected = Share.make(found >= match), Share.make(found >= doubt)
        print(f"  {title}: distance {shift:+.3f}, not matched {lost}, rejected {rejected}")
        assert lost.share <= most, title


def test_genuine_pairs_with_a_real_scarf_on_one(policy):
    """All that the folder has: the labels know seven scarves, among them caps of cloth, none on both photographs."""
    scarves = {row["path"] for row in csv.DictReader((FACES / "labels.csv").open()) if row["head"] == "scarf"}
    pairs = [p for p in group_pairs.labelled(FACES, "celeba") if p.same and {p.one, p.other} & scarves]
    assert not [p for p in pairs if {p.one, p.other} <= scarves]
    known = group_pairs.describe(FACES, (p for pair in pairs for p in (pair.one, pair.other)), recogniser(DEFAULT))
    found = apart(pairs, known, known)
    match, doubt = distance_of(policy.match, policy), distance_of(policy.doubt, policy)
    print(f"\nceleba, a scarf on one: not matched {Share.make(found >= match)}, rejected {Share.make(found >= doubt)}")


def test_strangers_under_rendered_scarves(policy):
    match = distance_of(policy.match, policy)
    for group in ("lfw asian P", "lfw other P", "utk asian P"):
        paths = group_pairs.strangers(FACES)[group]
        bare = group_pairs.describe(FACES, paths, recogniser(DEFAULT))
        covered = under_scarves(bare)
        pairs = [Pair(one, other, False) for one, other in combinations(paths, 2)]
        for title, known in (("bare", bare), ("both covered", covered)):
            found = apart(pairs, known, known)
            print(f"\n{group}, {title}: called the same {Share.make(found < match)}", end="")
            assert (found < match).mean() <= 0.004, group


def test_strangers_in_hijab(policy):
    """Real hijabs; the photographs have no names, so a woman may be there twice."""
    match, doubt = distance_of(policy.match, policy), distance_of(policy.doubt, policy)
    paths = [row["path"] for row in csv.DictReader((FACES / "hijab.csv").open()) if row["kind"] == "hijab"]
    known = group_pairs.describe(FACES, paths, recogniser(DEFAULT))
    pairs = [Pair(one, other, False) for one, other in combinations(sorted(known), 2)]
    found = apart(pairs, known, known)
    unsure = (found >= match) & (found < doubt)
    print(f"\nhijab: called the same {Share.make(found < match)}; in doubt {Share.make(unsure)}")
    for place in np.argsort(found)[: int((found < match).sum())]:
        print(f"  {pairs[place].one} {pairs[place].other} {found[place]:.3f}")
