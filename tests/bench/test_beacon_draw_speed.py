"""The two forms of the draw beside each other on one machine: tickets made and frozen, drawn; ids listed and drawn;
and the audit, which draws the tickets again.

``GELOMBANG_BENCH_DRAWN`` people, everyone eligible (a million by default; wave 1 had six).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pipeline.domain.calendar import Wave
from pipeline.draw import beacon, frozen_list
from pipeline.draw.draw import draw
from pipeline.draw.ticket_draw import BEYOND_KK, draw_tickets
from pipeline.inspection import redraw
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store
from tests.bench.measure import Measured, measure

DRAWN = int(os.environ.get("GELOMBANG_BENCH_DRAWN", "1000000"))
# Made here: the tests' own world loads a test runner, whose seconds are no part of a draw.
KEY = bytes(range(32))
DEMONSTRATION = beacon.CHAINS["demonstration"]
CLOSES = DEMONSTRATION.moment_of(1000).replace(tzinfo=None) - timedelta(hours=24)
FIRST = Wave(3, CLOSES - timedelta(days=3), CLOSES, 200_000, "seed")
SECOND = replace(FIRST, number=13, seed="", beacon="demonstration", selfie="off")

_PATHS = "printf('%09d.jpg', i) AS selfie, printf('%09d.jpg', i) AS reference"
_TIER = "CASE WHEN i % 4 = 0 THEN 'priority' ELSE 'public' END AS tier"
SCREENED = f"""SELECT printf('R%09d', i) AS registration_id, {_TIER}, {_PATHS}, 0::BIGINT AS mask
               FROM range($n) t(i) ORDER BY hash(i)"""
CANDIDATES = f"""SELECT printf('R%09d', i) AS registration_id, {_TIER}, {_PATHS}, printf('%016d', i * 7919) AS person,
                 i * 5 // 8 AS kk_number, 0::BIGINT AS kk_earlier FROM range($n) t(i) ORDER BY hash(i)"""

DECIDED = """CREATE TABLE decided AS
    SELECT *, CASE WHEN full_card THEN 'rejected' WHEN placed <= $quota THEN 'accepted' ELSE 'reserve' END AS outcome,
           CASE WHEN full_card THEN ['kk_limit'] ELSE []::VARCHAR[] END AS reasons
    FROM (SELECT *, position IN (FROM beyond) AS full_card,
                 count_if(position NOT IN (FROM beyond)) OVER (ORDER BY position) AS placed
          FROM (SELECT registration_id, ticket, tier, sha256('$seed:' || ticket) AS draw,
                       row_number() OVER (ORDER BY tier, sha256('$seed:' || ticket)) AS position FROM tickets))"""
TABLES = {
    "decisions": "SELECT * FROM decided ORDER BY registration_id",
    "cohort": "SELECT *, placed AS rank FROM decided WHERE outcome = 'accepted' ORDER BY rank",
    "reserve": "SELECT * FROM decided WHERE outcome = 'reserve' ORDER BY position",
}


def prepare(store: Store) -> None:
    """What screening leaves for both forms."""
    for this, query, name in ((FIRST, SCREENED, "screened"), (SECOND, CANDIDATES, "candidates")):
        with duckdb_sql.connect(store.work(this)) as db:
            path = store.work(this) / f"{name}.parquet"
            duckdb_sql.copy(db, query.replace("$n", str(DRAWN)), path, duckdb_sql.PASSING)


def first_form(store: Store) -> None:
    """Lists, hashes, tree and draw of ids."""
    draw(store, FIRST)


def freeze(store: Store) -> None:
    """Tickets, lists, hashes, tree."""
    frozen_list.freeze(store, SECOND, KEY, {}, DEMONSTRATION.moment_of(1))


def second_form(store: Store) -> None:
    """The frozen list compared with the tickets, the round verified, the draw of tickets and the families."""
    delivered = beacon.as_delivered(beacon.chain_of(SECOND), beacon.round_of(SECOND))
    draw_tickets(store, SECOND, frozen_list.read_verified(store, SECOND), beacon.read(SECOND, delivered), 2)


def decided(store: Store) -> None:
    """What a finished wave without selfies has: outcomes by the draw, cohort, reserve, and a manifest without files."""
    work = store.work(SECOND)
    out = files.fresh(store.out(SECOND))
    for name in ("eligible.txt", "priority.txt", "draw.json"):
        files.copy(work / name, out / name)
    seed = files.read_json(out / "draw.json")["seed"]
    with duckdb_sql.connect(work) as db:
        beyond = f"read_parquet('{work / BEYOND_KK}')"
        db.execute(f"CREATE VIEW tickets AS FROM read_parquet('{work / 'tickets.parquet'}')")
        db.execute(f"CREATE TABLE beyond AS SELECT position FROM {beyond}")
        db.execute(DECIDED.replace("$seed", seed).replace("$quota", str(SECOND.quota)))
        for name, query in TABLES.items():
            duckdb_sql.copy(db, query, out / f"{name}.parquet", duckdb_sql.PASSING)
    record = files.read_json(out / "draw.json")
    files.write_json(record, out / "commitment.json")
    files.write_json({**record, "outputs": []}, out / "manifest.json")


def audited(store: Store) -> None:
    """Lists, hashes, tree, draw, places and every decision once more, by the code that shares nothing with the draw."""
    found = redraw.audit(store.out(SECOND), {"quota": SECOND.quota})
    assert found.differences == []
    assert found.accepted == min(SECOND.quota, DRAWN)


STEPS: dict[str, Callable[[Store], None]] = {
    function.__name__: function for function in (prepare, first_form, freeze, second_form, decided, audited)
}


def step(name: str, data: Path) -> Measured:
    """One step in a process of its own."""
    return measure([sys.executable, "-m", "tests.bench.test_beacon_draw_speed", name, str(data)])


def test_the_draw_of_tickets_costs_less_than_twice_that_of_ids(tmp_path: Path) -> None:
    found = {name: step(name, tmp_path) for name in STEPS}
    for name, measured in found.items():
        print(f"{name:12} {measured}")
    draws = found["second_form"].cpu / found["first_form"].cpu
    print(f"{DRAWN:,} people: the draw of tickets {draws:.2f} × that of ids, with its list {found['freeze']}")
    assert draws < 2  # three blocks a hash instead of one, and the families
    assert found["second_form"].peak_mb < 3_000
    print(f"the audit {found['audited'].cpu / found['first_form'].cpu:.2f} × the draw of ids")
    assert found["audited"].cpu < 4 * found["first_form"].cpu


def main(name: str, data: str) -> None:
    """Runs one step on a data root."""
    STEPS[name](Store.at(Path(data)))


if __name__ == "__main__":
    main(*sys.argv[1:])
