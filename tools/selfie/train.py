"""Trains the defect classifiers: python -m tools.selfie.train FACES. Reads that folder, writes
pipeline/selfie/weights/*.npz.

Run with OMP_NUM_THREADS=1: the same photographs then give the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from pipeline.selfie.defects import features
from pipeline.selfie.defects.classifier import Classifier
from pipeline.selfie.defects.light import light
from pipeline.selfie.networks.assets import HASHES, OWN_WEIGHTS
from tools.selfie import render
from tools.selfie.dataset import SOURCES, Example, load

#: Strength of the penalty: chosen by cross-validation by person.
PENALTY = {"glasses": 0.001, "hat": 0.001, "scarf": 0.001, "ears_hidden": 0.001, "blur": 0.1, "dark": 1.0}
FOLDS = 5
#: Harmless and dark renderings of a photograph in which *dark* is learned, where not one of each. The folder has few
#: photographs of black people, and ordinary light on their faces was called dark six times as often as on others'.
EXPOSURES = {"black": (16, 6)}
#: Further exposures of a photograph that the labeller found dark: only 50 are real, thousands are rendered.
LABELLED_EXPOSURES = 2


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
        both = (chip, np.ascontiguousarray(chip[:, ::-1]))
        return np.stack([features.appearance(maps, name) for maps in features.head_maps(both)])

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
    used: list[Example] = []
    vectors: list[NDArray[np.float32]] = []
    truths: list[float] = []
    kinds: list[str] = []
    for one in examples:
        for vector, truth, kind in _rendered(one, name) if one.mesh is not None else ():
            used.append(one)
            vectors.append(vector)
            truths.append(truth)
            kinds.append(kind)
    return Table(np.stack(vectors)[:, None], np.array(truths), _people(used), used, kinds)


def _rendered(one: Example, name: str) -> Iterator[tuple[NDArray[np.float32], float, str]]:
    assert one.mesh is not None
    mesh = one.mesh
    rng = _rng(one, name)
    if name == "blur":
        if one.blurry == 1.0 or one.sharp in ("soft", "blurred") or one.source == "groups":  # enlarged pictures
            return
        yield _sharpness(one, one.pixels), 0.0, "original"
        yield _sharpness(one, render.harmless(one.pixels, rng)), 0.0, "harmless"
        for _ in range(1):
            yield (
                _sharpness(one, render.jpeg(render.some_blur(one.pixels, mesh, rng), int(rng.integers(60, 96)))),
                1.0,
                "rendered",
            )
        return
    if one.light in ("dark", "shadow"):
        yield _light(one, one.pixels), 1.0, "original"
        for _ in range(LABELLED_EXPOSURES):
            yield _light(one, render.harmless(one.pixels, rng)), 1.0, "exposed"
        return
    yield _light(one, one.pixels), 0.0, "original"
    harmless, dark = EXPOSURES.get(one.group, (1, 1))
    for _ in range(harmless):
        yield _light(one, render.harmless(one.pixels, rng)), 0.0, "harmless"
    for _ in range(dark):
        yield _light(one, render.some_darkness(one.pixels, mesh, rng)), 1.0, "rendered"


def _sharpness(one: Example, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert one.mesh is not None
    return features.sharpness(features.square(picture, one.mesh))


def _light(one: Example, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert one.mesh is not None
    return light(features.square(picture, one.mesh), one.seen())


TABLES: dict[str, Callable[[list[Example], str], Table]] = {
    "glasses": appearance_table,
    "hat": appearance_table,
    "scarf": appearance_table,
    "ears_hidden": appearance_table,
    "blur": rendered_table,
    "dark": rendered_table,
}


def fit(table: Table, rows: NDArray[np.intp], name: str) -> Classifier:
    """A logistic regression on standardised features.

    Both classes weigh the same; scale and centre are folded into the weights.
    """
    x = table.x[rows].reshape(-1, table.x.shape[-1]).astype(np.float64)
    y = np.repeat(table.y[rows], table.x.shape[1])
    centre = x.mean(0)
    scale = x.std(0) + 0.05 * float(x.std())
    model = LogisticRegression(C=PENALTY[name], class_weight="balanced", max_iter=200).fit((x - centre) / scale, y)
    weights = model.coef_[0] / scale
    return Classifier(weights.astype(np.float32), float(model.intercept_[0] - centre @ weights))


def values(model: Classifier, table: Table, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """The classifier's value of every example as it is photographed."""
    return model.value(table.x[rows, 0]).astype(np.float64)


def held_out(table: Table, name: str) -> NDArray[np.float64]:
    """Values [n] by classifiers that never saw the person (five folds)."""
    found = np.zeros(len(table.y))
    for train, test in GroupKFold(FOLDS).split(table.x, table.y, table.person):
        found[test] = values(fit(table, train, name), table, test)
    return found


def platt(found: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of the logistic curve through held-out values, both classes weighing the same."""
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(found[:, None], y)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def train(table: Table, name: str) -> tuple[Classifier, NDArray[np.float64]]:
    """The classifier of all photographs, with probabilities calibrated on held-out people, and those people's
    probabilities."""
    found = held_out(table, name)
    slope, offset = platt(found, table.y)
    whole = fit(table, np.arange(len(table.y)), name)
    model = Classifier(whole.weights, whole.bias, slope, offset)
    return model, model.chance(found.astype(np.float32)).astype(np.float64)


def save(model: Classifier, path: Path) -> None:
    """Writes a weight file; half precision is enough and halves it."""
    half = np.float16 if len(model.weights) > 500 else np.float32
    np.savez(
        path,
        weights=model.weights.astype(half),
        bias=np.float64(model.bias),
        slope=np.float64(model.slope),
        offset=np.float64(model.offset),
    )


def note_hashes() -> None:
    """Writes the SHA-256 of every file trained here into ``weights.toml``; the table of packaged files stays."""
    rows = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in sorted(OWN_WEIGHTS.glob("*.npz"))]
    before = HASHES.read_text(encoding="utf-8").partition("[own]\n")[0]
    HASHES.write_text(before + "[own]\n" + "".join(f'"{name}" = "{digest}"\n' for name, digest in rows))


def main(faces: Path, names: list[str]) -> None:
    """Trains and writes the named classifiers, or all."""
    from sklearn.metrics import roc_auc_score

    examples = load(faces, SOURCES)
    for name, make in TABLES.items():
        if names and name not in names:
            continue
        table = make(examples, name)
        model, chances = train(table, name)
        save(model, OWN_WEIGHTS / f"{name}.npz")
        note_hashes()
        print(
            f"{name}: {len(table.y)} pictures, AUC on held-out people {roc_auc_score(table.y, chances):.4f}", flush=True
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
