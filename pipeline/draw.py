"""The draw: who stands where, from nothing but the seed and the registration ids.

Reads ``screened.parquet``; writes ``eligible.txt`` (the published list), ``priority.txt`` (who of it is listed by a
ministry), ``drawn.parquet`` and ``draw.json``. The lists' hashes are computed before the order is;
docs/explanation/draw.md tells outsiders how to check both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import duckdb

from pipeline import contracts, disk, duck, merkle
from pipeline.calendar import Wave
from pipeline.store import Store

#: What the draw publishes: with these anybody can repeat it.
PUBLISHED = ("eligible.txt", "priority.txt", "draw.json")

_BYTES = 1 << 20  # of the list, hashed together


@dataclass(frozen=True)
class DrawCounts:
    """The lists' hashes, people in the draw by tier, and how many selfies the first round asks for."""

    list_sha256: str
    list_merkle_sha256: str
    priority_sha256: str
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


def define_draw(db: duckdb.DuckDBPyConnection, wave: Wave) -> None:
    """Gives a connection ``draw_of(registration_id)``: an application's place in the wave's draw, as hex."""
    db.execute(duck.sql("pipeline", "sql/draw_of", {"{seed}": f"'{duck.quoted(wave.seed)}'"}))


def draw(store_: Store, wave: Wave) -> DrawCounts:
    """Publishes the list with its hash, then draws."""
    work = store_.work(wave)
    screened = f"'{duck.quoted(work / 'screened.parquet')}'"
    with duck.connect(work) as db:
        tree = merkle.Tree()
        listed = _publish(db, screened, "true", work / "eligible.txt", tree)
        first = _publish(db, screened, "tier = 'priority'", work / "priority.txt")
        tiers = dict(
            db.execute(f"SELECT tier, count(*) FROM read_parquet({screened}) WHERE mask = 0 GROUP BY tier").fetchall()
        )
        n_priority, n_public = tiers.get("priority", 0), tiers.get("public", 0)
        priority, public = places(wave.quota, wave.priority_share, n_priority, n_public)
        given = {"{screened}": screened, "{listed}": str(n_priority), "$selfie": f"'{wave.selfie}'"}
        given |= {"$priority": str(priority), "$public": str(public)}
        define_draw(db, wave)
        query = duck.sql("pipeline", "sql/drawn", given)
        duck.copy(db, query, work / "drawn.parquet", duck.PASSING)
        drawn = f"read_parquet('{duck.quoted(work / 'drawn.parquet')}')"
        [(to_verify,)] = db.execute(f"SELECT count(*) FROM {drawn} WHERE to_verify").fetchall()
    counts = DrawCounts(listed, tree.root(), first, n_priority, n_public, to_verify)
    record = {**asdict(counts), "seed": wave.seed, "seed_source": wave.seed_source, "quota": wave.quota}
    record |= {"priority_share": wave.priority_share, "selfie": wave.selfie, "refill": wave.refill}
    disk.write_json({**record, "places": {"priority": priority, "public": public}}, work / "draw.json")
    return counts


def next_round(store_: Store, wave: Wave, verdicts: list[Path]) -> list[str]:
    """With refill: the ids to verify next, as many as places are empty – first of the same tier, then of the other.

    A person under review holds no place, so their place is refilled too; an empty list ends the rounds.
    """
    work = store_.work(wave)
    if not verdicts:
        return []
    reviews = work / "reviews.parquet"
    accepted = f"SELECT registration_id FROM '{duck.quoted(reviews)}' WHERE decision = 'accept'"
    with duck.connect(work) as db:
        db.execute(
            f"""CREATE TABLE known AS
                SELECT d.position, d.registration_id, d.tier, v.outcome IS NULL AS waiting,
                    coalesce(v.outcome = 'passed' OR (v.outcome = 'review' AND d.registration_id IN
                        ({accepted if reviews.is_file() else "SELECT NULL WHERE false"})), false) AS stands
                FROM read_parquet('{duck.quoted(work / "drawn.parquet")}') d
                LEFT JOIN read_parquet({duck.path_list(verdicts)}) v USING (registration_id)"""
        )
        query = "SELECT tier, count(*), count_if(stands), count_if(waiting) FROM known GROUP BY tier"
        counted = {tier: counts for tier, *counts in db.execute(query).fetchall()}
        taken = _refilled(wave, *(counted.get(tier, [0, 0, 0]) for tier in contracts.TIERS))
        chosen: list[str] = []
        for tier, take in zip(contracts.TIERS, taken, strict=True):
            query = "SELECT registration_id FROM known WHERE waiting AND tier = ? ORDER BY position LIMIT ?"
            chosen += [id_ for (id_,) in db.execute(query, [tier, take]).fetchall()]
    return chosen


def _refilled(wave: Wave, priority: list[int], public: list[int]) -> tuple[int, int]:
    """How many of each tier are verified next; each tier as (eligible, standing, waiting)."""
    wanted = places(wave.quota, wave.priority_share, priority[0], public[0])
    empty = max(wave.quota - priority[1] - public[1], 0)
    first = min(max(wanted[0] - priority[1], 0), priority[2], empty)  # the next in the same tier
    second = min(max(wanted[1] - public[1], 0), public[2], empty - first)
    first += min(priority[2] - first, empty - first - second)  # then in the other
    return first, second + min(public[2] - second, empty - first - second)


def _publish(
    db: duckdb.DuckDBPyConnection, screened: str, which: str, path: Path, tree: merkle.Tree | None = None
) -> str:
    """Writes the sorted ids of the eligible, one a line, and returns the SHA-256 of exactly that text."""
    query = f"""SELECT registration_id FROM read_parquet({screened})
                WHERE mask = 0 AND {which} ORDER BY registration_id"""
    duck.copy_lines(db, query, path)
    if tree is not None:
        with path.open("rb") as file:
            while lines := file.readlines(_BYTES):
                tree.add(line[:-1] for line in lines)
    return disk.sha256(path)
