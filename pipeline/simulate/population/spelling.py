"""How people write a name that the register holds: benign ways, slips of one letter, and other people's. Pure text."""

from __future__ import annotations

import numpy as np

from pipeline.simulate.noise import I64
from pipeline.simulate.population import names

MUHAMMAD = ("MUHAMMAD", "MOHAMMAD", "MOCHAMAD", "MUHAMAD", "MOHAMAD", "MOH.", "MUH.")
_TITLES = ("H. {}", "Hj. {}", "Drs. {}", "{}, S.Pd", "{}, S.E.", "Ir. {}")
#: Ways that screening must forgive; the first is the register's own.
BENIGN = 7
NEAR_MISS, OTHER = BENIGN, BENIGN + 1


def written(name: I64, way: I64) -> np.ndarray:
    """The text for each place in the pool and each way (below BENIGN, NEAR_MISS or OTHER)."""
    pairs, back = np.unique(name * (BENIGN + 2) + way, return_inverse=True)
    texts = np.array([_one(int(p) // (BENIGN + 2), int(p) % (BENIGN + 2)) for p in pairs], dtype=object)
    return texts[back]


def _one(place: int, way: int) -> str:
    name = str(names.pool()[place])
    match way:
        case 1 | 2:
            return name.title()
        case 3:
            return f" {name.lower()}  ".replace(" ", "  ", 2)
        case 4:
            return _muhammad(name, place)
        case 5:
            return _TITLES[place % len(_TITLES)].format(name.title())
        case 6:
            return name.replace("A ", "A. ", 1) if " " in name else f"{name}."
        case 7:
            return slip(name)
        case 8:
            return other(place)
        case _:
            return name


def _muhammad(name: str, place: int) -> str:
    words = name.split()
    if words[0] in MUHAMMAD:
        words[0] = MUHAMMAD[place % len(MUHAMMAD)]
    return " ".join(words).title()


def slip(name: str) -> str:
    """The name with one letter of its longest word dropped: near, and not the same."""
    words = name.split()
    place = max((i for i in range(len(words))), key=lambda i: (words[i] not in MUHAMMAD, len(words[i])))
    word = words[place]
    words[place] = word[: len(word) // 2] + word[len(word) // 2 + 1 :]
    return " ".join(words)


def other(place: int) -> str:
    """The name of somebody else of the same sex, from elsewhere: it shares no word with this one."""
    return str(names.pool()[other_place(place)])


def other_place(place: int) -> int:
    """The place of :func:`other` in the pool."""
    pool, kinds = names.pool(), len(names.kinds())
    own = str(pool[place])
    taken = {*own.split(), *MUHAMMAD}
    kind, sex = divmod(place // names.POOL, 2)
    for step in range(1, names.POOL):
        at = (((kind + step) % kinds) * 2 + sex) * names.POOL + (place + 1_237 * step) % names.POOL
        candidate = str(pool[at])
        if taken.isdisjoint(candidate.split()) and abs(len(candidate) - len(own)) >= 2:
            return at
    raise AssertionError("the pool has nobody else")
