"""Reviewers' decisions: which one counts where there are several about one application.

Reads ``landing/wave-NNNN/reviews``; writes ``reviews.parquet``, at most one decision per application. The reviewer's
page uses the same SQL, so that it never shows a case as settled that the next run would leave open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import REVIEW_DECISIONS, REVIEWS
from pipeline.domain.person_names import skeleton
from pipeline.domain.settings import settings
from pipeline.ingest.optional_deliveries import delivered, rows_of
from pipeline.record import log
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store

#: The columns of a decision that are both in the record and in the page's file.
_RECORDED = ("registration_id", "decision", "reviewer", "decided_at")
_LINES = pa.schema([(name, pa.string()) for name in _RECORDED])


@dataclass(frozen=True)
class ReviewCounts:
    """Decisions that count, rows that do not say who decided what, or files, that could not be read, and applications
    that await another reviewer: two disagree, or a word without a readable time says another thing.

    ``unrecorded``: decisions without their line in the record, which do not count; ``unsigned``: of a wave on which
    the review page was not used, decisions that were delivered as files and count.
    """

    taken_in: int
    set_aside: int
    unsettled: int
    unrecorded: int
    unsigned: int


def ingest_reviews(store: Store, wave: Wave, *, second: bool) -> ReviewCounts:
    """Takes in what counts: the latest decision, or with ``second`` the one that two reviewers share."""
    with weighed(store, wave, store.work(wave), second=second) as (db, aside):
        query = f"SELECT {', '.join(REVIEWS.names)} FROM counting ORDER BY registration_id"
        taken_in = duckdb_sql.copy(db, query, store.work(wave) / "reviews.parquet")
        [(asked,)] = db.execute("SELECT count(DISTINCT registration_id) FROM said").fetchall()
        [(unrecorded, unsigned)] = db.execute("SELECT unrecorded, unsigned FROM signatures").fetchall()
    return ReviewCounts(taken_in, aside, asked - taken_in, unrecorded, unsigned)


@contextmanager
def weighed(store: Store, wave: Wave, spill: Path, *, second: bool) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A connection with ``votes`` (each reviewer's last decision) and ``counting``; how much could not be read.

    Where the review page was used, or GELOMBANG_REVIEW__RECORDED_ONLY says so, a decision counts only with its line in
    the record: a user who may write into the wave's folder is not yet a reviewer.
    """
    everything, aside = delivered(store, wave, "reviews")
    lines = [entry.facts for entry in log.entries(store, wave.number, "reviewed")]
    recorded = pa.Table.from_pylist([{name: line.get(name) for name in _RECORDED} for line in lines], _LINES)
    with duckdb_sql.connect(spill) as db:
        rows_of(db, everything, REVIEWS)
        db.register("recorded", recorded)
        only = bool(lines) or settings().review.recorded_only
        duckdb_sql.run(db, "pipeline.ingest", "sql/recorded_reviews", {"$only": only, "$decisions": REVIEW_DECISIONS})
        db.create_function("person_of", skeleton, ["VARCHAR"], "VARCHAR")
        duckdb_sql.run(db, "pipeline.ingest", "sql/reviews", {"$second": second, "$decisions": REVIEW_DECISIONS})
        [(usable,)] = db.execute("SELECT count(*) FROM said").fetchall()
        [(unrecorded,)] = db.execute("SELECT unrecorded FROM signatures").fetchall()
        yield db, aside + everything.num_rows - usable - unrecorded
