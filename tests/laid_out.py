"""A data root walked file by file: each is in the contract's table (``layout.toml``), with the mode that it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.domain.contracts.layout import Place, place_of

#: What others deliver has the modes that they gave it.
_DELIVERED = ("landing/", "extracts/", "calendar.toml")


def without_a_place(root: Path) -> list[str]:
    """The files that nobody has thought about."""
    return [key for key, place, _ in _walked(root) if place is None]


def with_another_mode(root: Path) -> list[str]:
    """The files that more or fewer people may read than the table says; of a root that commands have written."""
    expected = {"owner": 0o600, "everybody": 0o644}
    return [
        f"{key}: {mode:o}"
        for key, place, mode in _walked(root)
        if place is not None and not key.startswith(_DELIVERED) and mode != expected[place.reads]
    ]


def _walked(root: Path) -> Iterator[tuple[str, Place | None, int]]:
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        key = path.relative_to(root).as_posix()
        yield key, place_of(key), path.stat().st_mode & 0o777
