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

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import REVIEW_DECISIONS, REVIEWS
from pipeline.domain.person_names import skeleton
from pipeline.ingest.optional_deliveries import delivered, rows_of
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store


@dataclass(frozen=True)
class ReviewCounts:
    """Decisions that count, rows or files that could not be read, and applications that await another reviewer."""

    taken_in: int
    set_aside: int
    unsettled: int


def ingest_reviews(store_: Store, wave: Wave, *, second: bool) -> ReviewCounts:
    """Takes in what counts: the latest decision, or with ``second`` the one that two reviewers share."""
    with weighed(store_, wave, store_.work(wave), second=second) as (db, aside):
        query = f"SELECT {', '.join(REVIEWS.names)} FROM counting ORDER BY registration_id"
        taken_in = duckdb_sql.copy(db, query, store_.work(wave) / "reviews.parquet")
        [(asked,)] = db.execute("SELECT count(DISTINCT registration_id) FROM said").fetchall()
    return ReviewCounts(taken_in, aside, asked - taken_in)


@contextmanager
def weighed(store_: Store, wave: Wave, spill: Path, *, second: bool) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A connection with ``votes`` (each reviewer's last word) and ``counting``; how much could not be read."""
    everything, aside = delivered(store_, wave, "reviews")
    with duckdb_sql.connect(spill) as db:
        rows_of(db, everything, REVIEWS)
        db.create_function("person_of", skeleton, ["VARCHAR"], "VARCHAR")
        duckdb_sql.run(db, "pipeline.ingest", "sql/reviews", {"$second": second, "$decisions": REVIEW_DECISIONS})
        [(usable,)] = db.execute("SELECT count(*) FROM said").fetchall()
        yield db, aside + everything.num_rows - usable
