"""The draw of a wave with a beacon: the seed from the frozen list and the beacon's randomness, then the order.

Reads ``tickets.parquet``, ``list.json`` and the verified round. Writes ``drawn.parquet``, ``beyond_kk.parquet`` and
``draw.json``. docs/explanation/draw.md ("second form") shows how to repeat it from outside.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import contracts
from pipeline.domain.calendar import Wave
from pipeline.domain.draw_hash import define_draw
from pipeline.draw import tickets
from pipeline.draw.beacon import Beacon, chain_of
from pipeline.draw.draw import DrawCounts
from pipeline.draw.full_cards import Flags, beyond_limit
from pipeline.draw.line_order import ROWS, Numbers, hashes_of, in_order, table_at
from pipeline.draw.seats import allocate
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

BEYOND_KK = "beyond_kk.parquet"
_CARD = ("kk_number", "kk_earlier")


@dataclass(frozen=True)
class _Tier:
    """One tier in the order of the draw: ``size`` people, after ``before`` people of the tier before.

    ``passed_over``: the positions, in the whole draw, of people whose family card is full.
    """

    before: int
    size: int
    passed_over: list[int]

    @classmethod
    def of(cls, full: Flags, before: int, size: int) -> _Tier:
        """A tier, from whether each person of the draw has a full family card."""
        return cls(before, size, (np.flatnonzero(full[before : before + size]) + before + 1).tolist())

    @property
    def eligible(self) -> int:
        """How many people of the tier can hold a place."""
        return self.size - len(self.passed_over)

    def last_position(self, seats: int) -> int:
        """The position of the person with the tier's last place."""
        return last_position(self.before, seats, self.passed_over)


def seed_of(wave: Wave, list_sha256: str, priority_sha256: str, randomness: str) -> str:
    """The seed: SHA-256 over the form, the wave, both lists and the randomness, in hex."""
    return sha256(f"gelombang/2:{wave.key}:{list_sha256}:{priority_sha256}:{randomness}".encode()).hexdigest()


def seeded(wave: Wave, work: Path) -> Wave:
    """The wave with the seed of its draw; unchanged before the draw."""
    path = work / "draw.json"
    if not wave.beacon or not path.is_file():
        return wave
    record = files.read_json(path)
    return replace(wave, seed=record["seed"], seed_source=record["seed_source"])


def draw_tickets(store: Store, wave: Wave, frozen: dict[str, Any], beacon: Beacon, kk_limit: int | None) -> DrawCounts:
    """Draws the frozen list. ``kk_limit``: the recipients that a family card may have; None: no rule limits them."""
    work = store.work(wave)
    seed = seed_of(wave, frozen["list_sha256"], frozen["priority_sha256"], beacon.randomness)
    source = f"beacon {beacon.chain}, round {beacon.round}"
    if chain_of(wave).demonstration:
        source += " (DEMONSTRATION: everybody can compute it beforehand)"
    order = _order(work, replace(wave, seed=seed, seed_source=source))
    kk_number, kk_earlier = (_column(work, name).take(pa.array(order)) for name in _CARD)
    full = beyond_limit(kk_number, kk_earlier, kk_limit)
    priority = _Tier.of(full, 0, frozen["priority"])
    public = _Tier.of(full, priority.size, frozen["size"] - priority.size)
    seats = allocate(wave.quota, wave.priority_share, priority.eligible, public.eligible)
    positions = np.arange(1, len(order) + 1)
    last = np.where(
        positions <= priority.size, priority.last_position(seats.priority), public.last_position(seats.public)
    )
    to_verify = _first_round(wave, positions, last) & ~full
    _write(work, order, full, to_verify)
    hashes = {name: frozen[name] for name in ("list_sha256", "list_merkle_sha256", "priority_sha256")}
    counts = DrawCounts(**hashes, priority=priority.size, public=public.size, to_verify=int(to_verify.sum()))
    record = {"form": 2, "wave": wave.key, "seed": seed, "seed_source": source, **hashes}
    record |= {"quota": wave.quota, "priority_share": wave.priority_share, "refill": wave.refill}
    record |= {"selfie": wave.selfie, "beacon": beacon.chain, "round": beacon.round, "signature": beacon.signature}
    record |= {"randomness": beacon.randomness, "demonstration": chain_of(wave).demonstration}
    record |= {
        "kk_limit": kk_limit,
        "priority": counts.priority,
        "public": counts.public,
        "to_verify": counts.to_verify,
    }
    files.write_json({**record, "places": asdict(seats)}, work / "draw.json")
    return counts


def last_position(before: int, seats: int, passed_over: list[int]) -> int:
    """The position of the person with the last place of a tier.

    ``before``: how many people the draw has before the tier. ``passed_over``: the positions of people who cannot hold a
    place, sorted.
    """
    last = before + seats
    for position in passed_over:
        if position > last:
            break
        last += 1
    return last


def _order(work: Path, wave: Wave) -> Numbers:
    """The rows of ``tickets.parquet`` in the order of the draw: the priority tier first."""
    given: dict[str, duckdb_sql.Value] = {"{tickets}": f"'{duckdb_sql.quoted(work / 'tickets.parquet')}'"}
    query = duckdb_sql.sql("pipeline.draw", "sql/ticket_draws", given)
    hashes, public = [], [np.empty(0, bool)]
    with duckdb_sql.connect(work) as db, duckdb_sql.errors_named(query):
        define_draw(db, wave)
        db.execute("SET preserve_insertion_order = true")  # the order of the file
        for batch in db.sql(query).to_arrow_reader(ROWS):
            hashes.append(hashes_of(batch["draw"]))
            public.append(batch["public"].to_numpy(zero_copy_only=False))
    order = in_order(hashes)
    second = np.concatenate(public)[order]
    return np.concatenate([order[~second], order[second]])


def _first_round(wave: Wave, positions: Numbers, last: Numbers) -> Flags:
    """Whether a selfie is verified in the first round, by position. ``last``: the position of the last place in the
    same tier. Before the draw all selfies are verified, and in a wave without selfies none."""
    if wave.selfie != "after_draw":
        return np.full(len(positions), wave.selfie == "before_draw")
    return positions <= last


def _column(work: Path, name: str) -> pa.ChunkedArray:
    """A column of ``tickets.parquet`` in one piece."""
    return files.read_table(work / "tickets.parquet", [name]).combine_chunks()[name]


def _write(work: Path, order: Numbers, full: Flags, to_verify: Flags) -> None:
    """Writes the draw, and in another file the people beyond the limit of a family card. Positions count both.

    ``order``: the rows of ``tickets.parquet`` by position; ``full`` and ``to_verify``: by position. The draw stays in
    the order of the tickets: to move millions of texts costs more than to order them. Readers sort by position.
    """
    position, beyond, verify = np.empty_like(order), np.empty_like(full), np.empty_like(to_verify)
    position[order], beyond[order], verify[order] = np.arange(1, len(order) + 1), full, to_verify
    given = {"position": position, "to_verify": verify, "full": beyond}
    schema, apart, done = contracts.DRAWN_TICKETS, [contracts.BEYOND_KK.empty_table()], 0
    with table_at(work / "drawn.parquet", schema) as writer:
        for batch in tickets.batches(work / "tickets.parquet", [name for name in schema.names if name not in given]):
            whole = pa.Table.from_batches([batch])
            for name, values in given.items():
                whole = whole.append_column(name, pa.array(values[done : done + len(batch)]))
            done += len(batch)
            apart.append(whole.filter(pc.field("full")).select(contracts.BEYOND_KK.names))
            writer.write_table(whole.filter(~pc.field("full")).select(schema.names).cast(schema))
    files.write_table(pa.concat_tables(apart).sort_by("position"), work / BEYOND_KK, contracts.BEYOND_KK)
