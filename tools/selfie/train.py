"""Trains the defect classifiers: python -m tools.selfie.train FACES. Reads that folder, writes
pipeline/selfie/weights/*.npz.

Run with OMP_NUM_THREADS=1: the same photographs then give the same bytes.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from pipeline.selfie import features
from pipeline.selfie.assets import OWN_WEIGHTS
from pipeline.selfie.classifier import Classifier
from tools.selfie import render
from tools.selfie.dataset import Example, load

#: Strength of the penalty: chosen by cross-validation by person.
PENALTY = {"glasses": 0.002, "hat": 0.0005, "scarf": 0.0005, "ears_hidden": 0.003, "blur": 0.1, "dark": 0.1}
FOLDS = 5


@dataclass(frozen=True)
class Table:
    """``x`` [n, views, d]: every example in one or two views (itself, its mirror image); ``y`` [n] 0/1; ``person`` [n];
    ``examples`` [n]; ``kind`` [n]: original, or how it was rendered."""

    x: NDArray[np.float32]
    y: NDArray[np.float64]
    person: NDArray[np.str_]
    examples: list[Example]
    kind: list[str]


def appearance_table(examples: list[Example], name: str) -> Table:
    """Photographs with a label of their own for glasses, hat, scarf or ears_hidden."""
    used = [e for e in examples if e.mesh is not None and e.truth.get(name, np.nan) in (0.0, 1.0)]
    if name == "ears_hidden":
        used = [e for e in used if e.ears_sure]

    def views(one: Example) -> NDArray[np.float32]:
        chip = one.chip()
        return np.stack([features.appearance(v, name) for v in (chip, np.ascontiguousarray(chip[:, ::-1]))])

    y = np.array([e.truth[name] for e in used])
    return Table(np.stack([views(e) for e in used]), y, _people(used), used, ["original"] * len(used))


def _people(examples: list[Example]) -> NDArray[np.str_]:
    return np.array([e.person for e in examples])


def _rng(one: Example, salt: str) -> np.random.Generator:
    """A generator that depends on the picture's content, not on its name or place."""
    return np.random.default_rng(zlib.crc32(one.pixels.tobytes()) ^ zlib.crc32(salt.encode()))


def rendered_table(examples: list[Example], name: str) -> Table:
    """Clean photographs and what rendering makes of them; for ``dark`` also the photographs that the labeller found
    dark or shadowed."""
    rows: list[tuple[NDArray[np.float32], float, Example, str]] = []
    for one in examples:
        if one.mesh is not None:
            rows += [(vector, y, one, kind) for vector, y, kind in _rendered(one, name)]
    used = [row[2] for row in rows]
    y = np.array([row[1] for row in rows])
    return Table(np.stack([row[0] for row in rows])[:, None], y, _people(used), used, [row[3] for row in rows])


def _rendered(one: Example, name: str) -> Iterator[tuple[NDArray[np.float32], float, str]]:
    assert one.mesh is not None
    mesh = one.mesh
    rng = _rng(one, name)
    if name == "blur":
        if one.blurry == 1.0 or one.sharp in ("soft", "blurred"):
            return
        yield _sharpness(one, one.pixels), 0.0, "original"
        yield _sharpness(one, render.harmless(one.pixels, rng)), 0.0, "harmless"
        for _ in range(2):
            yield (
                _sharpness(one, render.jpeg(render.some_blur(one.pixels, mesh, rng), int(rng.integers(60, 96)))),
                1.0,
                "rendered",
            )
        return
    if one.light in ("dark", "shadow"):
        yield _light(one, one.pixels), 1.0, "original"
        return
    yield _light(one, one.pixels), 0.0, "original"
    yield _light(one, render.harmless(one.pixels, rng)), 0.0, "harmless"
    for _ in range(2):
        yield _light(one, render.some_darkness(one.pixels, mesh, rng)), 1.0, "rendered"


def _sharpness(one: Example, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert one.mesh is not None
    return features.sharpness(features.square(picture, one.mesh))


def _light(one: Example, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert one.mesh is not None
    return features.light(features.square(picture, one.mesh), one.seen())


TABLES: dict[str, Callable[[list[Example], str], Table]] = {
    "glasses": appearance_table,
    "hat": appearance_table,
    "scarf": appearance_table,
    "ears_hidden": appearance_table,
    "blur": rendered_table,
    "dark": rendered_table,
}


def fit(table: Table, rows: NDArray[np.intp], penalty: float) -> Classifier:
    """A logistic regression on standardised features, both classes weighing the same; scale and centre are folded
    into its weights."""
    x = table.x[rows].reshape(-1, table.x.shape[-1]).astype(np.float64)
    y = np.repeat(table.y[rows], table.x.shape[1])
    centre, scale = x.mean(0), x.std(0) + 1e-3
    model = LogisticRegression(C=penalty, class_weight="balanced", max_iter=400).fit((x - centre) / scale, y)
    weights = model.coef_[0] / scale
    return Classifier(weights.astype(np.float32), float(model.intercept_[0] - weights @ centre))


def values(model: Classifier, table: Table, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """The classifier's value of every example: the mean over its views."""
    return model.value(table.x[rows]).mean(1).astype(np.float64)


def held_out(table: Table, penalty: float) -> NDArray[np.float64]:
    """Values [n] by classifiers that never saw the person (five folds)."""
    found = np.zeros(len(table.y))
    for train, test in GroupKFold(FOLDS).split(table.x, table.y, table.person):
        found[test] = values(fit(table, train, penalty), table, test)
    return found


def platt(found: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of the logistic curve through held-out values, both classes weighing the same."""
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(found[:, None], y)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def train(table: Table, penalty: float) -> tuple[Classifier, NDArray[np.float64]]:
    """The classifier of all photographs, with probabilities calibrated on held-out people, and those people's
    probabilities."""
    found = held_out(table, penalty)
    slope, offset = platt(found, table.y)
    whole = fit(table, np.arange(len(table.y)), penalty)
    model = Classifier(whole.weights, whole.bias, slope, offset)
    return model, model.chance(found.astype(np.float32)).astype(np.float64)


def save(model: Classifier, path: Path) -> None:
    """Writes a weight file; half precision is enough and halves it."""
    np.savez(
        path,
        weights=model.weights.astype(np.float16 if len(model.weights) > 500 else np.float32),
        bias=np.float64(model.bias),
        slope=np.float64(model.slope),
        offset=np.float64(model.offset),
    )


def main(faces: Path) -> None:
    """Trains and writes every classifier."""
    from sklearn.metrics import roc_auc_score

    examples = load(faces)
    for name, make in TABLES.items():
        table = make(examples, name)
        model, chances = train(table, PENALTY[name])
        save(model, OWN_WEIGHTS / f"{name}.npz")
        print(f"{name}: {len(table.y)} pictures, AUC on held-out people {roc_auc_score(table.y, chances):.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
