"""The columns of every table that comes in, goes out or passes between two rooms. Each is defined only here.

``IN``, ``OUT`` and ``WORK`` are the tables by name, with the meaning of every column. ``REGISTRATIONS``, ``DECISIONS``
and the other names in capitals are their Arrow schemas. docs/reference/files.md is generated from here.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts import deliveries, handovers, photo_tables, published_tables, results
from pipeline.domain.contracts.column import TEXT_LIST, TIMESTAMP, Column, Table, by_name
from pipeline.domain.contracts.deliveries import EXTRACTS, IN
from pipeline.domain.contracts.handovers import WORK
from pipeline.domain.contracts.values import OTHERS, OUTCOMES, REVIEW_DECISIONS, SEXES, TICKET, TIERS

__all__ = [
    "EXTRACTS",
    "IN",
    "OTHERS",
    "OUT",
    "OUTCOMES",
    "REVIEW_DECISIONS",
    "SEXES",
    "TEXT_LIST",
    "TIERS",
    "TIMESTAMP",
    "WORK",
    "Column",
    "Table",
    "with_ticket",
]

# in
#: The columns that every file has; ``IN`` has the one that a file may lack too.
REGISTRATIONS = pa.schema([(c.name, c.type) for c in deliveries.REGISTRATIONS.columns if c.required])
REUPLOADS = deliveries.REUPLOADS.schema
REVIEWS = deliveries.REVIEWS.schema
POPULATION = deliveries.POPULATION.schema
EDUCATION = deliveries.EDUCATION.schema
BANSOS = deliveries.BANSOS.schema
PRIORITY = deliveries.PRIORITY.schema
BLACKLIST = deliveries.BLACKLIST.schema

# out
DECISIONS = results.DECISIONS.schema
COHORT = results.COHORT.schema
RESERVE = results.RESERVE.schema
REJECTIONS = results.REJECTIONS.schema
REVIEW = results.REVIEW.schema
RETRIES = results.RETRIES.schema
REUPLOADED = results.REUPLOADED.schema
NOTICES = results.NOTICES.schema
CHANGES = published_tables.CHANGES.schema
LEDGER = published_tables.LEDGER.schema
PHOTO_PAIRS_OUT = photo_tables.PHOTO_PAIRS_OUT.schema
PHOTO_CANDIDATES = photo_tables.PHOTO_CANDIDATES.schema

# between rooms
INGESTED = handovers.INGESTED.schema
SET_ASIDE = handovers.SET_ASIDE.schema
REPEATED = handovers.REPEATED.schema
SCREENED = handovers.SCREENED.schema
CANDIDATES = handovers.CANDIDATES.schema
TICKETS = handovers.TICKETS.schema
BEYOND_KK = handovers.BEYOND_KK.schema
DRAWN = handovers.DRAWN.schema
DRAWN_TICKETS = handovers.DRAWN_TICKETS.schema
SHARD = handovers.SHARD.schema
SHARD_NUMBERED = handovers.SHARD_NUMBERED.schema
VERDICTS = handovers.VERDICTS.schema
SAME_PERSON = handovers.SAME_PERSON.schema
LETTERS = results.LETTERS.schema

#: What a wave or a command hands out, by name.
OUT = by_name(
    [
        results.DECISIONS,
        results.COHORT,
        results.RESERVE,
        results.REJECTIONS,
        results.REVIEW,
        results.NOTICES,
        results.RETRIES,
        results.REUPLOADED,
        published_tables.CHANGES,
        published_tables.LEDGER,
        photo_tables.PHOTO_PAIRS_OUT,
        photo_tables.PHOTO_CANDIDATES,
    ]
)


def with_ticket(schema: pa.Schema) -> pa.Schema:
    """An output's columns as a wave with a beacon has them: with the person's ticket at the end."""
    return schema.append(pa.field(TICKET.name, TICKET.type))
