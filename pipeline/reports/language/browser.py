"""Which of the two languages the reader of a page wants, as their browser says it.

The public page has the same rule in its own code (``pipeline/publication/public/page.js``).
"""

from __future__ import annotations

#: Who reads a neighbour of Indonesian reads Indonesian; ``in`` is what it was called before.
INDONESIAN = frozenset({"id", "in", "ms", "jv", "su"})


def language_of(accept: str | None) -> str:
    """``id`` or ``en`` for an ``Accept-Language`` such as ``nl, en;q=0.8``: the dearest of the two, English where
    neither is among those that are named, Indonesian where none is."""
    pieces = (piece for piece in (accept or "").split(",") if piece.strip() and not piece.strip().startswith("*"))
    wanted = sorted(pieces, key=_rank)
    for piece in wanted:
        tag = piece.split(";")[0].strip().lower().split("-")[0]
        if tag == "en" or tag in INDONESIAN:
            return "en" if tag == "en" else "id"
    return "en" if wanted else "id"


def _rank(piece: str) -> float:
    """The dearest first; a weight that cannot be read counts as none."""
    _, _, weight = piece.partition("q=")
    try:
        return -float(weight or 1)
    except ValueError:
        return 0.0
