"""Reviewers' decisions: of several about one application, which one counts.

Reads ``landing/wave-NNNN/reviews``; writes ``reviews.parquet``, at most one decision per application. The reviewer's
page asks the same question, so that it never shows as settled what the next run would leave open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline import duck
from pipeline.calendar import Wave
from pipeline.contracts import REVIEWS
from pipeline.ingest.optional import delivered, rows_of
from pipeline.settings import settings
from pipeline.store import Store


@dataclass(frozen=True)
class ReviewCounts:
    """Decisions that count, rows or files that could not be read, and applications that await another reviewer."""

    taken_in: int
    set_aside: int
    unsettled: int


def ingest_reviews(store_: Store, wave: Wave) -> ReviewCounts:
    """Takes in what counts: the latest decision, or with ``review.second`` the one that two reviewers share."""
    with weighed(store_, wave, store_.work(wave)) as (db, aside):
        query = f"SELECT {', '.join(REVIEWS.names)} FROM counting ORDER BY registration_id"
        taken_in = duck.copy(db, query, store_.work(wave) / "reviews.parquet")
        [(asked,)] = db.execute("SELECT count(DISTINCT registration_id) FROM said").fetchall()
    return ReviewCounts(taken_in, aside, asked - taken_in)


@contextmanager
def weighed(store_: Store, wave: Wave, spill: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A connection with ``votes`` (each reviewer's last word) and ``counting``; how much could not be read."""
    everything, aside = delivered(store_, wave, "reviews", REVIEWS)
    with duck.connect(spill) as db:
        rows_of(db, everything, REVIEWS)
        db.execute(duck.sql("pipeline.ingest", "reviews", {"{second}": str(settings().review.second).lower()}))
        [(usable,)] = db.execute("SELECT count(*) FROM said").fetchall()
        yield db, aside + everything.num_rows - usable
