"""A Merkle tree over the published list, so that one applicant can check that they were on it without seeing the rest.

Touches no file. The tree is that of RFC 6962 (certificate transparency): a leaf is SHA-256 of a zero byte and the
registration id, a node SHA-256 of a one byte and its two children; a lone node moves up as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

#: The root over nobody, as RFC 6962 has it.
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
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, ids: Iterable[str]) -> None:
        """The next lines of the list, in order."""
        peaks = self._peaks
        for id_ in ids:
            height, digest = 0, leaf(id_)
            while peaks and peaks[-1][0] == height:
                digest = sha256(b"\x01" + peaks.pop()[1] + digest).digest()
                height += 1
            peaks.append((height, digest))

    def root(self) -> str:
        """The root over what was added, in hex."""
        digests = [digest for _, digest in self._peaks]
        if not digests:
            return EMPTY
        top = digests.pop()
        while digests:
            top = sha256(b"\x01" + digests.pop() + top).digest()
        return top.hex()


def proof(ids: Iterable[str], index: int) -> list[Step]:
    """The hashes that lead from the id at ``index`` (from 0) to the root. Raises IndexError outside the list."""
    level = [leaf(id_) for id_ in ids]
    if not 0 <= index < len(level):
        raise IndexError(index)
    steps: list[Step] = []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            steps.append(Step("left" if beside < index else "right", level[beside].hex()))
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = [*above, level[-1]] if len(level) % 2 else above
        index //= 2
    return steps
