"""Which of the two languages the reader of a page wants, by the browser's settings.

The public page has the same rule in its own code (``pipeline/publication/public/page.js``).
"""

from __future__ import annotations

#: Readers of a language near Indonesian read Indonesian; ``in`` is its former code.
INDONESIAN = frozenset({"id", "in", "ms", "jv", "su"})


def language_of(accept: str | None) -> str:
    """``id`` or ``en`` for an ``Accept-Language`` such as ``nl, en;q=0.8``: the preferred one of the two, English where
    neither is among those that are named, Indonesian where none is."""
    pieces = (piece for piece in (accept or "").split(",") if piece.strip() and not piece.strip().startswith("*"))
    wanted = sorted(pieces, key=_rank)
    for piece in wanted:
        tag = piece.split(";")[0].strip().lower().split("-")[0]
        if tag == "en" or tag in INDONESIAN:
            return "en" if tag == "en" else "id"
    return "en" if wanted else "id"


def _rank(piece: str) -> float:
    """The preferred language first; a weight that cannot be read counts as zero."""
    _, _, weight = piece.partition("q=")
    try:
        return -float(weight or 1)
    except ValueError:
        return 0.0
