"""The draw of a wave with a seed: the order of the people, from nothing but the seed and the registration ids.

Reads ``screened.parquet``; writes ``eligible.txt`` (the published list), ``priority.txt`` (who of it is listed by a
ministry), ``drawn.parquet`` and ``draw.json``. The lists' hashes are computed before the order;
docs/explanation/draw.md says how outsiders can check both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipeline.domain.calendar import Wave
from pipeline.domain.draw_hash import define_draw
from pipeline.draw.area_draw import AREAS, area_seats, publish_areas, seated
from pipeline.draw.published_lines import publish_lines
from pipeline.draw.seats import AreaSeats, TierCounts, allocate, next_to_verify
from pipeline.draw.verdicts import effective_verdicts
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

#: The published parts of the draw: with them anybody can repeat it.
PUBLISHED = ("eligible.txt", "priority.txt", "draw.json")
#: In addition, for a wave with a beacon: the terms that it was opened with.
COMMITMENT = "commitment.json"


def published_files(wave: Wave) -> tuple[str, ...]:
    """What the draw of a wave publishes."""
    more = [*([COMMITMENT] if wave.beacon else []), *([AREAS] if wave.areas else [])]
    return (*PUBLISHED, *more)


@dataclass(frozen=True)
class DrawCounts:
    """The lists' hashes, people in the draw by tier, and how many selfies the first round asks for."""

    list_sha256: str
    list_merkle_sha256: str
    priority_sha256: str
    priority: int
    public: int
    to_verify: int


def draw(store: Store, wave: Wave) -> DrawCounts:
    """Publishes the list with its hash, then draws."""
    work = store.work(wave)
    screened = f"'{duckdb_sql.quoted(work / 'screened.parquet')}'"
    with duckdb_sql.connect(work) as db:
        listed, root = _publish(db, screened, "true", work / "eligible.txt", tree=True)
        first, _ = _publish(db, screened, "tier = 'priority'", work / "priority.txt")
        tiers = dict(
            db.execute(f"SELECT tier, count(*) FROM read_parquet({screened}) WHERE mask = 0 GROUP BY tier").fetchall()
        )
        n_priority, n_public = tiers.get("priority", 0), tiers.get("public", 0)
        seats = allocate(wave.quota, wave.priority_share, n_priority, n_public)
        given: dict[str, duckdb_sql.Value] = {"{screened}": screened, "$listed": n_priority, "$selfie": wave.selfie}
        given |= {"$priority": seats.priority, "$public": seats.public}
        define_draw(db, wave)
        query: str = duckdb_sql.sql("pipeline.draw", "sql/drawn", given)
        by_area: AreaSeats | None = None
        if wave.areas:
            publish_areas(db, wave, screened, work / AREAS)
            query, by_area = _by_area(db, wave, query, screened)
        duckdb_sql.copy(db, query, work / "drawn.parquet", duckdb_sql.PASSING)
        drawn = f"read_parquet('{duckdb_sql.quoted(work / 'drawn.parquet')}')"
        [(to_verify,)] = db.execute(f"SELECT count(*) FROM {drawn} WHERE to_verify").fetchall()
    counts = DrawCounts(listed, root, first, n_priority, n_public, to_verify)
    record = {**asdict(counts), "seed": wave.seed, "seed_source": wave.seed_source, "quota": wave.quota}
    record |= {"priority_share": wave.priority_share, "selfie": wave.selfie, "refill": wave.refill}
    if by_area is None:
        files.write_json({**record, "places": asdict(seats)}, work / "draw.json")
    else:
        record |= {"areas": [list(area) for area in wave.areas], "areas_sha256": files.sha256(work / AREAS)}
        files.write_json({**record, "places": asdict(by_area)}, work / "draw.json")
    return counts


def _by_area(db: duckdb.DuckDBPyConnection, wave: Wave, drawn: str, screened: str) -> tuple[str, AreaSeats]:
    """The draw with the area of each person, and the places. People who have a place are verified first."""
    db.execute(
        f"""CREATE TEMP TABLE line AS FROM ({drawn}) JOIN (
                SELECT registration_id, area FROM read_parquet({screened}) WHERE mask = 0) USING (registration_id)"""
    )
    seats = area_seats(db, wave, "line")
    if wave.selfie != "after_draw":
        return "FROM line ORDER BY position", seats
    first = f"registration_id IN (SELECT registration_id FROM ({seated(seats, 'line')}))"
    return f"SELECT * REPLACE ({first} AS to_verify) FROM line ORDER BY position", seats


def next_round(store: Store, wave: Wave, verdicts: list[Path]) -> list[str]:
    """With refill: the ids to verify next, one for each empty place – first of the same tier, then of the other.

    A person under review holds no place, so that their place is refilled too. An empty list ends the rounds.
    decision/sql/decisions.sql has the same rules of who is under review and what a reviewer's decision changes.
    """
    work = store.work(wave)
    if not verdicts:
        return []
    reviews = work / "reviews.parquet"
    accepted = f"SELECT registration_id FROM '{duckdb_sql.quoted(reviews)}' WHERE decision = 'accept'"
    screened = f"""SELECT registration_id, shared_nik, contested FROM '{duckdb_sql.quoted(work / "screened.parquet")}'
                   WHERE mask = 0 AND (shared_nik OR contested)"""
    with duckdb_sql.connect(work) as db:
        db.execute(
            f"""CREATE TABLE known AS
                SELECT d.* EXCLUDE (selfie, reference, to_verify), v.outcome IS NULL AS waiting,
                    coalesce(CASE
                        WHEN d.registration_id IN ({accepted if reviews.is_file() else "SELECT NULL WHERE false"})
                            THEN v.outcome IN ('passed', 'review') OR (v.outcome = 'rejected' AND s.contested)
                        ELSE v.outcome = 'passed' AND NOT coalesce(s.shared_nik, false)
                    END, false) AS stands
                FROM read_parquet('{duckdb_sql.quoted(work / "drawn.parquet")}') d
                LEFT JOIN {effective_verdicts(verdicts, work)} v USING (registration_id)
                LEFT JOIN ({screened}) s USING (registration_id)"""
        )
        if wave.areas:  # people with a place, held or waited for, whose photograph was not looked at yet
            seats = area_seats(db, wave, "(FROM known WHERE stands OR waiting)")
            places = seated(seats, "(FROM known WHERE stands OR waiting)")
            query = f"""SELECT registration_id FROM known JOIN ({places}) USING (registration_id, position)
                        WHERE waiting ORDER BY position"""
            return [id_ for (id_,) in db.execute(query).fetchall()]
        query = "SELECT tier, count(*), count_if(stands), count_if(waiting) FROM known GROUP BY tier"
        counted = {tier: TierCounts(*counts) for tier, *counts in db.execute(query).fetchall()}
        taken = next_to_verify(wave, counted.get("priority", TierCounts()), counted.get("public", TierCounts()))
        chosen: list[str] = []
        for tier, take in asdict(taken).items():
            query = "SELECT registration_id FROM known WHERE waiting AND tier = ? ORDER BY position LIMIT ?"
            chosen += [id_ for (id_,) in db.execute(query, [tier, take]).fetchall()]
    return chosen


def _publish(
    db: duckdb.DuckDBPyConnection, screened: str, which: str, path: Path, *, tree: bool = False
) -> tuple[str, str]:
    """Writes the sorted ids of the eligible, one a line; the SHA-256 of this text, and the Merkle root."""
    query = f"""SELECT registration_id FROM read_parquet({screened})
                WHERE mask = 0 AND {which} ORDER BY registration_id"""
    return publish_lines(db, query, path, tree=tree)
