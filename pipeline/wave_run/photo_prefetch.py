"""The photographs of a part: those of a folder as they are, others fetched block by block and deleted after.

Paths come from applicants: one that is absolute or climbs is never asked for, and what is not there stays missing, so
that both get the reason that they get on a folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import psutil

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError
from pipeline.selfie.verdict import PhotoPair
from pipeline.storage import task_sync
from pipeline.storage.object_store import is_below
from pipeline.storage.paths import Store

#: Pairs fetched at once, while those before them are verified: two blocks are on this machine at a time.
BLOCK = 256


@dataclass(frozen=True)
class Block:
    """Pairs, the folders that their photographs are in, how many pairs came before, and how many there are in all."""

    pairs: Sequence[PhotoPair]
    selfies: Path
    photos: Path
    before: int
    total: int

    def progress(self, report: Callable[[int, int], None]) -> Callable[[int, int], None]:
        """``report`` (done, total) of all pairs, as a callback for the pairs of this block."""
        return lambda done, _: report(self.before + done, self.total)


def at_hand(store: Store, wave: Wave, pairs: Sequence[PhotoPair]) -> Iterator[Block]:
    """The pairs with their photographs, in order; of a root elsewhere each block is kept until the next is asked for.

    Verdicts that were reached are sent there after each block.
    """
    selfies, photos = store.landing(wave, "selfies"), store.extract("photos")
    if not store.elsewhere:
        yield Block(pairs, selfies, photos, 0, len(pairs))
        return
    room = _room(store.root / "tmp" / "photographs")
    with TemporaryDirectory(dir=room) as folder, ThreadPoolExecutor(1) as ahead:
        blocks = [
            Block(
                pairs[at : at + BLOCK],
                Path(folder, f"{at}", "selfies"),
                Path(folder, f"{at}", "photos"),
                at,
                len(pairs),
            )
            for at in range(0, len(pairs), BLOCK)
        ]
        roots = store.key(selfies), store.key(photos)
        coming = ahead.submit(_fetch, store, blocks[0], *roots) if blocks else None
        for number, block in enumerate(blocks):
            assert coming is not None
            coming.result()
            if number + 1 < len(blocks):
                coming = ahead.submit(_fetch, store, blocks[number + 1], *roots)
            yield block
            shutil.rmtree(block.selfies.parent)
            store.push(task_sync.VERDICTS)


def _room(folder: Path) -> Path:
    """A folder for this process; those of processes that were killed are thrown away."""
    for left in folder.glob("*"):
        if not (left.name.isdigit() and psutil.pid_exists(int(left.name))):
            shutil.rmtree(left, ignore_errors=True)
    room = folder / str(os.getpid())
    room.mkdir(parents=True, exist_ok=True)
    return room


def _fetch(store: Store, block: Block, selfies: str, photos: str) -> None:
    """Downloads a block's photographs below their folders."""
    wanted = {(selfies, block.selfies, pair.selfie) for pair in block.pairs}
    wanted |= {(photos, block.photos, pair.reference) for pair in block.pairs}
    asked = {
        f"{prefix}/{PurePosixPath(name)}": folder / name for prefix, folder, name in wanted if name and _askable(name)
    }
    for folder in (block.selfies, block.photos):
        folder.mkdir(parents=True)
    # under short names first: what a name does on a disk must not decide whether an object can be fetched
    short = {key: block.selfies.parent / str(number) for number, key in enumerate(sorted(asked))}
    try:
        got = store.fetch(short.items())
    except StoreError as e:  # its message names an object, and a photograph may be named after a person
        raise StoreError(f"Photographs below {store.address} cannot be fetched.", e.advice) from None
    for key in got:
        with suppress(OSError):  # a name that no disk can hold, or one that is a file and a folder: missing here
            asked[key].parent.mkdir(parents=True, exist_ok=True)
            short[key].replace(asked[key])


def _askable(name: str) -> bool:
    """Whether a path from outside may be a key: below its folder, and nothing that the store takes for an option."""
    try:
        return is_below(name) and len(name.encode()) <= 900 and "?versionId=" not in name
    except UnicodeEncodeError:
        return False
