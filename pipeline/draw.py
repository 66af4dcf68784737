"""The draw: who stands where, from nothing but the seed and the registration ids.

Reads ``screened.parquet``; writes ``eligible.txt`` (the published list), ``drawn.parquet`` and ``draw.json``. The
list's hash is computed before the order is; docs/explanation/draw.md tells outsiders how to check both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import duckdb

from pipeline import duck, store
from pipeline.calendar import Wave
from pipeline.store import Store


@dataclass(frozen=True)
class DrawCounts:
    """People in the draw by tier, and how many selfies the first round asks for."""

    list_sha256: str
    priority: int
    public: int
    to_verify: int


def places(quota: int, priority_share: float, priority: int, public: int) -> tuple[int, int]:
    """How many of each tier hold a place: ⌊quota × share⌋ for priority, the rest for the public; what one side cannot
    fill goes to the other (CONTRACTS, "The draw"). The share is taken as the decimal that it is written as.
    """
    kept = int(quota * Fraction(str(priority_share)))
    first = min(kept, priority)
    second = min(quota - first, public)
    return min(quota - second, priority), second


def draw(store_: Store, wave: Wave) -> DrawCounts:
    """Publishes the list with its hash, then draws."""
    work = store_.work(wave)
    screened = f"'{duck.quoted(work / 'screened.parquet')}'"
    with duck.connect(work) as db:
        digest = _publish(db, screened, work / "eligible.txt")
        tiers = dict(
            db.execute(
                f"SELECT tier, count(*) FROM read_parquet({screened}) WHERE len(reasons) = 0 GROUP BY tier"
            ).fetchall()
        )
        n_priority, n_public = tiers.get("priority", 0), tiers.get("public", 0)
        priority, public = places(wave.quota, wave.priority_share, n_priority, n_public)
        query = duck.sql("pipeline", "sql/drawn").replace("{screened}", screened)
        for name, value in {"$selfie": f"'{wave.selfie}'", "$priority": str(priority), "$public": str(public)}.items():
            query = query.replace(name, value)
        duck.copy(db, query, work / "drawn.parquet")
        drawn = f"read_parquet('{duck.quoted(work / 'drawn.parquet')}')"
        [(to_verify,)] = db.execute(f"SELECT count(*) FROM {drawn} WHERE to_verify").fetchall()
    counts = DrawCounts(digest, n_priority, n_public, to_verify)
    record = {**asdict(counts), "seed": wave.seed, "seed_source": wave.seed_source, "quota": wave.quota}
    store.write_json({**record, "places": {"priority": priority, "public": public}}, work / "draw.json")
    return counts


def next_round(store_: Store, wave: Wave, verdicts: list[Path]) -> list[str]:
    """With refill: the ids to verify next, as many as places are empty – first of the same tier, then of the other.

    A person under review holds no place, so their place is refilled too; an empty list ends the rounds.
    """
    work = store_.work(wave)
    if not verdicts:
        return []
    with duck.connect(work) as db:
        rows = db.execute(
            f"""SELECT d.registration_id, d.tier, v.outcome
                FROM read_parquet('{duck.quoted(work / "drawn.parquet")}') d
                LEFT JOIN read_parquet({duck.path_list(verdicts)}) v USING (registration_id)
                ORDER BY d.position"""
        ).fetchall()
    counts = {tier: sum(1 for row in rows if row[1] == tier) for tier in ("priority", "public")}
    wanted = dict(zip(counts, places(wave.quota, wave.priority_share, *counts.values()), strict=True))
    accepted = _reviewed(work)
    standing = {
        tier: sum(
            1
            for id_, t, outcome in rows
            if t == tier and (outcome == "passed" or (outcome == "review" and id_ in accepted))
        )
        for tier in counts
    }
    waiting = {tier: [row[0] for row in rows if row[1] == tier and row[2] is None] for tier in counts}
    empty = wave.quota - sum(standing.values())
    chosen: list[str] = []
    for tier, queue in waiting.items():  # an empty place goes to the next in the same tier
        take = min(max(wanted[tier] - standing[tier], 0), len(queue), max(empty - len(chosen), 0))
        chosen += queue[:take]
        waiting[tier] = queue[take:]
    for queue in waiting.values():  # then to the other
        chosen += queue[: max(empty - len(chosen), 0)]
    return chosen


def _reviewed(work: Path) -> set[str]:
    """Ids that a reviewer accepted."""
    path = work / "reviews.parquet"
    if not path.is_file():
        return set()
    table = store.read_table(path, ["registration_id", "decision"])
    return {row["registration_id"] for row in table.to_pylist() if row["decision"] == "accept"}


def _publish(db: duckdb.DuckDBPyConnection, screened: str, path: Path) -> str:
    """Writes the sorted eligible ids, one a line, and returns the SHA-256 of exactly that text."""
    rows = db.execute(
        f"SELECT registration_id FROM read_parquet({screened}) WHERE len(reasons) = 0 ORDER BY registration_id"
    )
    with store.atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as out:
        while batch := rows.fetchmany(100_000):
            out.writelines(f"{registration_id}\n" for (registration_id,) in batch)
    return store.sha256(path)
