"""Full names as the register writes them, composed once from ``names.toml``. Reads that file only.

A name is asked for by a number: ``base(kind, sex) + a number below POOL`` is a place in :func:`pool`.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

POOL = 4096  # names of each kind and sex
SEXES = ("man", "woman")
_MUHAMMAD = ("Mu", "Mo")  # Muhammad and its spellings come once in a name


@lru_cache(maxsize=1)
def _parts() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.simulate.population") / "names.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """The kinds of names, in their order in the pool."""
    return tuple(_parts()["patterns"])


@lru_cache(maxsize=1)
def pool() -> NDArray[np.object_]:
    """All full names, upper case: kind by kind, men before women, POOL of each."""
    parts, names = _parts(), []
    for number, kind in enumerate(kinds()):
        for sex in SEXES:
            rng = np.random.default_rng([number, SEXES.index(sex), 2020])
            given = parts[kind][sex].split() + (parts["common"][sex].split() if kind == "common" else [])
            second = parts[kind].get(f"{sex}_second", parts["common"][f"{sex}_second"]).split()
            family = parts[kind].get("family", "").split()
            weights = np.array(list(parts["patterns"][kind].values()))
            chosen = rng.choice(len(weights), size=POOL, p=weights / weights.sum())
            patterns = list(parts["patterns"][kind])
            names += [_compose(patterns[i], given, second, family, rng) for i in chosen]
    return np.array(names, dtype=object)


def _compose(pattern: str, given: list[str], second: list[str], family: list[str], rng: np.random.Generator) -> str:
    words: list[str] = []
    for part in pattern.split():
        source = {"G": given, "S": second, "F": family}[part]
        word = source[int(rng.integers(len(source)))]
        if word not in words and not (word[:2] in _MUHAMMAD and any(w[:2] in _MUHAMMAD for w in words)):
            words.append(word)
    name = " ".join(words).replace("_", " ").upper()
    return "MUHAMMAD" if name in ("MOH.", "MUH.") else name


@lru_cache(maxsize=1)
def long_enough() -> NDArray[np.bool_]:
    """Which names of the pool stay recognisable with a letter missing: six letters without a form of Muhammad."""
    letters = (sum(len(word) for word in name.split() if word.title()[:2] not in _MUHAMMAD) for name in pool())
    return np.array([count >= 6 for count in letters])


@lru_cache(maxsize=1)
def pool_as_arrow() -> pa.Array:
    """The pool as Arrow text, to be the dictionary of a column."""
    return pa.array(pool(), pa.string())


def mix(culture: str) -> list[float]:
    """The weight of every kind of name in a culture."""
    weights = _parts()["mix"][culture]
    return [float(weights.get(kind, 0)) for kind in kinds()]
