"""The draw of a wave with a beacon: the seed from the frozen list and the beacon's randomness, then the order of the
people.

Reads ``tickets.parquet``, ``list.json`` and the verified round; writes ``drawn.parquet``, ``beyond_kk.parquet`` and
``draw.json``. docs/explanation/draw.md ("second form") tells outsiders how to do it again.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from pipeline.domain.calendar import Wave
from pipeline.domain.draw_hash import define_draw
from pipeline.draw.beacon import Beacon, chain_of
from pipeline.draw.draw import DrawCounts
from pipeline.draw.seats import allocate
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

BEYOND_KK = "beyond_kk.parquet"


def seed_of(wave: Wave, list_sha256: str, priority_sha256: str, randomness: str) -> str:
    """The seed: SHA-256 over the form, the wave, both lists and the randomness, in hex."""
    return sha256(f"gelombang/2:{wave.key}:{list_sha256}:{priority_sha256}:{randomness}".encode()).hexdigest()


def seeded(wave: Wave, work: Path) -> Wave:
    """The wave with the seed of its draw, once there is one."""
    path = work / "draw.json"
    if not wave.beacon or not path.is_file():
        return wave
    record = files.read_json(path)
    return replace(wave, seed=record["seed"], seed_source=record["seed_source"])


def draw_tickets(store: Store, wave: Wave, frozen: dict[str, Any], beacon: Beacon, kk_limit: int | None) -> DrawCounts:
    """Draws the frozen list. ``kk_limit``: recipients that a family card may have; None: no such rule is in force."""
    work = store.work(wave)
    seed = seed_of(wave, frozen["list_sha256"], frozen["priority_sha256"], beacon.randomness)
    source = f"beacon {beacon.chain}, round {beacon.round}"
    if chain_of(wave).demonstration:
        source += " (DEMONSTRATION: everybody can compute it beforehand)"
    drawn_with = replace(wave, seed=seed, seed_source=source)
    with duckdb_sql.connect(work) as db:
        define_draw(db, drawn_with)
        tickets = {"{tickets}": f"'{duckdb_sql.quoted(work / 'tickets.parquet')}'"}
        in_order = work / "tmp" / "ordered.parquet"
        duckdb_sql.copy(db, duckdb_sql.sql("pipeline.draw", "sql/ordered", tickets), in_order, duckdb_sql.PASSING)
        ordered = f"read_parquet('{duckdb_sql.quoted(in_order)}')"
        beyond = write_beyond_kk(db, ordered, kk_limit, work / BEYOND_KK)
        full = db.execute(f"SELECT tier, list(position ORDER BY position) FROM {beyond} GROUP BY tier").fetchall()
        passed_over: dict[str, list[int]] = dict(full)
        priority, public = frozen["priority"], frozen["size"] - frozen["priority"]
        eligible = [n - len(passed_over.get(t, [])) for t, n in (("priority", priority), ("public", public))]
        seats = allocate(wave.quota, wave.priority_share, *eligible)
        given: dict[str, duckdb_sql.Value] = {"{ordered}": ordered, "{beyond}": beyond, "$selfie": wave.selfie}
        given["$priority"] = last_position(0, seats.priority, passed_over.get("priority", []))
        given["$public"] = last_position(priority, seats.public, passed_over.get("public", []))
        db.execute("SET preserve_insertion_order = true")
        query = duckdb_sql.sql("pipeline.draw", "sql/drawn_tickets", given)
        duckdb_sql.copy(db, query, work / "drawn.parquet", duckdb_sql.PASSING)
        in_order.unlink()
        drawn = f"read_parquet('{duckdb_sql.quoted(work / 'drawn.parquet')}')"
        [(to_verify,)] = db.execute(f"SELECT count(*) FROM {drawn} WHERE to_verify").fetchall()
    hashes = {name: frozen[name] for name in ("list_sha256", "list_merkle_sha256", "priority_sha256")}
    counts = DrawCounts(**hashes, priority=priority, public=public, to_verify=to_verify)
    record = {"form": 2, "wave": wave.key, "seed": seed, "seed_source": source, **hashes}
    record |= {"quota": wave.quota, "priority_share": wave.priority_share, "refill": wave.refill}
    record |= {"selfie": wave.selfie, "beacon": beacon.chain, "round": beacon.round, "signature": beacon.signature}
    record |= {"randomness": beacon.randomness, "demonstration": chain_of(wave).demonstration}
    record |= {"kk_limit": kk_limit, "priority": counts.priority, "public": counts.public, "to_verify": to_verify}
    files.write_json({**record, "places": asdict(seats)}, work / "draw.json")
    return counts


def last_position(before: int, seats: int, passed_over: list[int]) -> int:
    """The position of the last person of a tier who holds a place: ``before`` are the people before the tier, and those
    at the positions ``passed_over`` (sorted) hold none."""
    last = before + seats
    for position in passed_over:
        if position > last:
            break
        last += 1
    return last


def write_beyond_kk(db: duckdb.DuckDBPyConnection, line: str, limit: int | None, path: Path) -> str:
    """Writes the people of a line who are beyond the limit of their family card; returns the relation."""
    holes: dict[str, duckdb_sql.Value] = {"{line}": line, "$limit": limit if limit is not None else 1 << 31}
    duckdb_sql.copy(db, duckdb_sql.sql("pipeline.draw", "sql/beyond_kk", holes), path, duckdb_sql.PASSING)
    return f"read_parquet('{duckdb_sql.quoted(path)}')"
