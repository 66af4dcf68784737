"""Tables that one room writes for the next, below ``DATA/work/wave-NNNN/``. They are internal: no other program reads
them."""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts.column import FLAG, TEXT, TEXT_LIST, Column, Table, by_name
from pipeline.domain.contracts.results import LETTERS, RETRIES
from pipeline.domain.contracts.values import (
    CARD_FINDINGS,
    DEFECT_SCORES,
    FACES,
    FULL_NAME,
    ID,
    LANGUAGE,
    NIK,
    OTHER_APPLICATIONS,
    POSITION,
    PROVINCE,
    REASONS,
    REFERENCE,
    SELFIE,
    SELFIE_DECISIONS,
    SELFIE_OUTCOMES,
    SEX,
    SIMILARITY,
    TICKET,
    TIER,
    WARNINGS,
)

#: NIK and KK are text at the edges only; inside they are compared as numbers.
INGESTED = Table(
    "registrations.parquet",
    "What ingest read, sorted by the id; every row has an id, and no id stands twice.",
    (
        *RETRIES.columns,
        Column("number", pa.int64(), "The NIK as a number; null where it is not sixteen digits."),
        Column("kk_number", pa.int64(), "The KK as a number; null where it is not sixteen digits."),
        LANGUAGE,
    ),
)

SET_ASIDE = Table(
    "set_aside.parquet",
    "One row per fault of a delivered file, so that no row vanishes from the counts.",
    (
        Column("file", TEXT, "The file's name."),
        Column("line", pa.int64(), "The line; 0 where it is not known or more lines have the fault than are named."),
        Column("problem", TEXT, "Why the rows were not taken in."),
        Column("rows", pa.int64(), "How many rows have the fault."),
    ),
)

REPEATED = Table(
    "repeated.parquet",
    "The ids that stand on several rows; none of these rows is read.",
    (Column("registration_id", TEXT, "The id."),),
)

SCREENED = Table(
    "screened.parquet",
    "One row per application, in no order: a reader that writes must sort.",
    (
        ID,
        NIK,
        FULL_NAME,
        PROVINCE,
        SEX,
        Column("age", pa.int16(), "Age on the closing day, by the register's birth date."),
        Column("mask", pa.int64(), "Bit n is reason n of the catalogue (layers 1–3); 0: eligible."),
        Column("warned", pa.int64(), "Bit n is warning n of the catalogue."),
        TIER,
        SELFIE,
        REFERENCE,
        Column("shared_nik", FLAG, "The register gives the NIK to two people: no place without a reviewer."),
        Column("contested", FLAG, "Two sound applications of the person differ in phone and e-mail."),
    ),
)

_FAMILY_CARD = Column("kk_number", pa.int64(), "The register's KK; null where no limit of a family card is in force.")
_KK_EARLIER = Column("kk_earlier", pa.int64(), "Recipients whom the family card had in earlier waves.")

CANDIDATES = Table(
    "candidates.parquet",
    "One row per eligible application of a wave with a beacon, in no order.",
    (
        ID,
        TIER,
        SELFIE,
        REFERENCE,
        Column("person", TEXT, "What the ticket is made of: the NIK; where several hold it also name and birth date."),
        _FAMILY_CARD,
        _KK_EARLIER,
    ),
)

TICKETS = Table(
    "tickets.parquet",
    "One row per person on the list of a wave with a beacon, in the order of the tickets.",
    (TICKET, ID, TIER, SELFIE, REFERENCE, _FAMILY_CARD, _KK_EARLIER),
)

BEYOND_KK = Table(
    "beyond_kk.parquet",
    "One row per person on the list of a wave with a beacon whose family card is full, in the order of the draw.",
    (POSITION, ID, TIER, TICKET),
)

DRAWN = Table(
    "drawn.parquet",
    "One row per eligible application, in the order of the draw; in a wave with a beacon in the order of the tickets.",
    (POSITION, ID, TIER, SELFIE, REFERENCE, Column("to_verify", FLAG, "In the first round of selfies.")),
)

#: Of a wave with a beacon; positions count everyone on the list, also those of ``beyond_kk.parquet``.
DRAWN_TICKETS = Table(DRAWN.name, DRAWN.says, (*DRAWN.columns, TICKET))

SHARD = Table("shards/*.parquet", "The selfies that one task verifies.", (ID, SELFIE, REFERENCE))
#: Of a wave that looks at identity cards.
SHARD_NUMBERED = Table(SHARD.name, SHARD.says, (*SHARD.columns, NIK))

VERDICTS = Table(
    "verdicts/*.parquet",
    "One row per verified application: what the selfie stage saw, and what follows from it.",
    (
        ID,
        Column("outcome", TEXT, "What follows from the photograph.", SELFIE_OUTCOMES),
        REASONS,
        WARNINGS,
        Column("decision", TEXT, "What the comparison found.", SELFIE_DECISIONS),
        SIMILARITY,
        *DEFECT_SCORES,
        FACES,
        *CARD_FINDINGS,
        Column("selfie_sha256", TEXT, "Hash of the selfie's file that was looked at."),
        Column("reference_sha256", TEXT, "Hash of the reference photograph's file that was looked at."),
    ),
)

SAME_PERSON = Table(
    "same_person.parquet",
    "One row per application that would pass and shares a face or a picture with another one; sorted by the id.",
    (ID, Column("reasons", TEXT_LIST, "The reasons to look, added to those of the verdict."), OTHER_APPLICATIONS),
)

WORK = by_name(
    [
        INGESTED,
        SET_ASIDE,
        REPEATED,
        SCREENED,
        CANDIDATES,
        TICKETS,
        DRAWN,
        BEYOND_KK,
        SHARD,
        VERDICTS,
        SAME_PERSON,
        LETTERS,
    ]
)
