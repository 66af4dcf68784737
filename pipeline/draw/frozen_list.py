"""The frozen list of a wave with a beacon: who is in the draw, fixed and shown before anybody can know the draw.

Reads ``candidates.parquet``; writes ``tickets.parquet``, ``eligible.txt`` and ``priority.txt`` of the run, and once for
all runs ``published/<wave>/list/``, by a write that has one winner. A run whose list is another is refused.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import TICKETS
from pipeline.domain.errors import ListChangedError, ListTooLateError, StoreError, TwoListsError
from pipeline.draw import beacon, tickets
from pipeline.draw.line_order import table_at
from pipeline.draw.published_lines import lines_at
from pipeline.storage import duckdb_sql, files
from pipeline.storage.modes import make_public
from pipeline.storage.paths import Store

RECORD = "list.json"
_LISTS = {"eligible.txt": "list_sha256", "priority.txt": "priority_sha256"}
_SHOWN = 5


@dataclass(frozen=True)
class FrozenList:
    """The list's size and hashes. ``places_sha256`` is over what places depend on beside the list: which application a
    ticket is, its photographs and its family card."""

    size: int
    list_sha256: str
    list_merkle_sha256: str
    priority: int
    priority_sha256: str
    places_sha256: str


def folder_key(wave: Wave) -> str:
    """Where the list is published, below the data root."""
    return f"published/{wave.key}/list"


def freeze(store: Store, wave: Wave, key: bytes, deliveries: Mapping[str, int], now: datetime) -> FrozenList:
    """Makes the list of a run and freezes it, or finds it frozen as it is.

    ``deliveries``: files and sizes of what the list was made from, to name what has changed since. Raises
    ListTooLateError, ListChangedError, TwoListsError.
    """
    work = store.work(wave)
    with duckdb_sql.connect(work) as db:
        made = _made(tickets.issued(db, key, work / "candidates.parquet"), work)
    if store.read(f"{folder_key(wave)}/{RECORD}") is None:
        chain, round_ = beacon.chain_of(wave), beacon.round_of(wave)
        if not chain.demonstration and now.astimezone() >= chain.moment_of(round_):
            raise ListTooLateError(
                f"Round {round_} of {wave.beacon} is public since {chain.moment_of(round_):%Y-%m-%d %H:%M:%S} WIB; the "
                f"list of wave {wave.number} was not frozen before."
            )
        _publish(store, wave, made, deliveries, now)
    _compare(store, wave, made, deliveries)
    return made


def read(store: Store, wave: Wave) -> dict[str, Any]:
    """The record of the frozen list. Raises StoreError where there is none."""
    found = store.read(f"{folder_key(wave)}/{RECORD}")
    if found is None:
        raise StoreError(f"The list of wave {wave.number} is not frozen.", "Run the wave: its task `freeze` does it.")
    return dict(json.loads(found))


def as_frozen(store: Store, wave: Wave) -> dict[str, Any]:
    """The record of the frozen list, of which the run's tickets still are. Raises StoreError, ListChangedError."""
    work, frozen = store.work(wave), read(store, wave)
    if tickets.digest(work / "tickets.parquet") != frozen["places_sha256"]:
        raise ListChangedError(f"{work / 'tickets.parquet'} is no longer what the frozen list was made from.")
    return frozen


def _made(pieces: Iterable[pa.RecordBatch], work: Path) -> FrozenList:
    """Writes the tickets and both lists; each is hashed while it is written."""
    digest, size, priority = tickets.Digest(), 0, 0
    with (
        table_at(work / "tickets.parquet", TICKETS) as table,
        lines_at(work / "eligible.txt", tree=True) as everybody,
        lines_at(work / "priority.txt", tree=False) as listed,
    ):
        for batch in pieces:
            first = batch["ticket"].filter(pc.equal(batch["tier"], "priority"))
            table.write_batch(batch)
            digest.add(batch)
            everybody.add(batch["ticket"])
            listed.add(first)
            size, priority = size + len(batch), priority + len(first)
    return FrozenList(size, everybody.sha256, everybody.root, priority, listed.sha256, digest.hexdigest())


def _publish(store: Store, wave: Wave, made: FrozenList, deliveries: Mapping[str, int], now: datetime) -> None:
    """Puts the list in its place unless another run was first."""
    target = store.root / folder_key(wave)
    new = files.fresh(target.with_name(f".list.{uuid4().hex}"))
    for name in _LISTS:
        files.copy(store.work(wave) / name, new / name)
    record = {"wave": wave.key, **asdict(made), "beacon": wave.beacon, "round": beacon.round_of(wave)}
    record |= {"frozen_at": now.astimezone().isoformat(), "deliveries": dict(sorted(deliveries.items()))}
    files.write_json(record, new / RECORD)
    try:
        store.commit(new, target, RECORD, once=True)
        make_public(target, store.root)
    except (StoreError, OSError):
        if store.read(f"{folder_key(wave)}/{RECORD}") is None:
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _compare(store: Store, wave: Wave, made: FrozenList, deliveries: Mapping[str, int]) -> None:
    """Refuses a list that is not the frozen one, and a frozen one that is not whole."""
    frozen = read(store, wave)
    store.pull(f"{folder_key(wave)}/")
    for name, digest in _LISTS.items():
        path = store.root / folder_key(wave) / name
        if not path.is_file() or files.sha256(path) != frozen.get(digest):
            raise TwoListsError(f"{folder_key(wave)}/{name} is not the list that {RECORD} beside it has the hash of.")
    if differs := [name for name, value in asdict(made).items() if frozen.get(name) != value]:
        raise ListChangedError(
            f"Wave {wave.number} was frozen at {frozen.get('frozen_at')} with {frozen.get('size')} on its list; now "
            f"another {', '.join(differs)} comes out. {_changed(frozen.get('deliveries', {}), deliveries)}"
        )


def _changed(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """Which deliveries are others than when the list was frozen."""
    changes = {
        "new since": sorted(now.keys() - before.keys()),
        "gone since": sorted(before.keys() - now.keys()),
        "another size": sorted(key for key in now.keys() & before.keys() if now[key] != before[key]),
    }
    parts = []
    for what, keys in changes.items():
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        if keys:
            parts.append(f"{what}: {', '.join(keys[:_SHOWN])}{more}")
    return "; ".join(parts) + "." if parts else "The same files with the same sizes: one of them was written again."
