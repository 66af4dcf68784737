"""A Merkle tree over the published list, so that one applicant can check that they were on it without seeing the rest.

Touches no file. The tree is that of RFC 6962 (certificate transparency): a leaf is SHA-256 of a zero byte and the
registration id, a node SHA-256 of a one byte and its two children; a lone node moves up as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

#: The root of an empty list (RFC 6962).
EMPTY = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Step:
    """One hash on the way to the root, in hex, and on which side it goes: ``left`` or ``right``."""

    side: str
    hash: str


def leaf(registration_id: str) -> bytes:
    """The hash of one line of the list."""
    return sha256(b"\x00" + registration_id.encode()).digest()


class Tree:
    """Grows a list by list; holds no more than one hash a level, however long it gets."""

    def __init__(self) -> None:
        #: The last node of each level while it waits for a right sibling.
        self._lone: list[bytes | None] = []

    def add(self, ids: Iterable[bytes]) -> None:
        """The next ids of the list (UTF-8), in order. Each level is hashed as a whole, which is fast for long lists."""
        level = [sha256(b"\x00" + id_).digest() for id_ in ids]
        height = 0
        while level:
            if height == len(self._lone):
                self._lone.append(None)
            if (left := self._lone[height]) is not None:
                level.insert(0, left)
            self._lone[height] = level.pop() if len(level) % 2 else None
            nodes = iter(level)
            level = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=True)]
            height += 1

    def root(self) -> str:
        """The root over what was added, in hex."""
        top: bytes | None = None
        for lone in self._lone:
            if lone is not None:
                top = lone if top is None else sha256(b"\x01" + lone + top).digest()
        return EMPTY if top is None else top.hex()


def proof(ids: Iterable[str], index: int) -> list[Step]:
    """The hashes that lead from the id at ``index`` (from 0) to the root. Raises IndexError outside the list."""
    level = [leaf(id_) for id_ in ids]
    if not 0 <= index < len(level):
        raise IndexError(index)
    steps: list[Step] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            steps.append(Step("left" if sibling < index else "right", level[sibling].hex()))
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = [*above, level[-1]] if len(level) % 2 else above
        index //= 2
    return steps
