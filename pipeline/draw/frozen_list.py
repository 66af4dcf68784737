"""The frozen list of a wave with a beacon: the people in the draw, published before the beacon's round is known.

Reads ``candidates.parquet``. Writes ``tickets.parquet``, ``eligible.txt`` and ``priority.txt`` of the run. The first
run of a wave also publishes ``published/<wave>/list/``; of several runs at the same time only one can. A later run
with another list is refused.
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
    """The list's size and hashes. ``places_sha256`` is the hash of the tickets. Beside the list these have what also
    decides places: the application, its photographs and its family card."""

    size: int
    list_sha256: str
    list_merkle_sha256: str
    priority: int
    priority_sha256: str
    places_sha256: str


def folder_key(wave: Wave) -> str:
    """The key of the published list, below the data root."""
    return f"published/{wave.key}/list"


def freeze(store: Store, wave: Wave, key: bytes, deliveries: Mapping[str, int], now: datetime) -> FrozenList:
    """Makes the list of a run. Publishes it if the wave has none; otherwise it must be the same as the published one.

    ``deliveries``: the files that the list was made from, with their sizes; an error names those that have changed.
    Raises ListTooLateError, ListChangedError, TwoListsError.
    """
    work = store.work(wave)
    with duckdb_sql.connect(work) as db:
        made = _write_lists(tickets.issued(db, key, work / "candidates.parquet"), work)
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


def read_verified(store: Store, wave: Wave) -> dict[str, Any]:
    """The record of the frozen list. Raises StoreError, and ListChangedError where the run has other tickets now."""
    work, frozen = store.work(wave), read(store, wave)
    if tickets.digest(work / "tickets.parquet") != frozen["places_sha256"]:
        raise ListChangedError(f"{work / 'tickets.parquet'} is no longer what the frozen list was made from.")
    return frozen


def _write_lists(pieces: Iterable[pa.RecordBatch], work: Path) -> FrozenList:
    """Writes the tickets and both lists. Each file is hashed while it is written."""
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
    """Publishes the list, unless another run has done so."""
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
    """Raises ListChangedError where the list differs from the frozen one, and TwoListsError where the published files
    differ from their record."""
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
    """The deliveries that have changed since the list was frozen, as a sentence."""
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
