"""Tables of ``waves/wave-NNNN/``. A promise to their readers: columns may be added, never renamed or dropped."""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts.column import FLAG, TEXT, TIMESTAMP, Column, Table
from pipeline.domain.contracts.deliveries import REGISTRATIONS, REUPLOADS
from pipeline.domain.contracts.values import (
    CARD_FINDINGS,
    DEFECT_SCORES,
    DRAW,
    FACES,
    FROM_WAVE,
    FULL_NAME,
    ID,
    LANGUAGE,
    LAYER,
    MESSAGE_EN,
    MESSAGE_ID,
    NIK,
    OTHER_APPLICATIONS,
    OUTCOMES,
    POSITION,
    PROVINCE,
    RANK,
    REASONS,
    REFERENCE,
    RETRY,
    SELFIE,
    SELFIE_DECISIONS,
    SEX,
    SIMILARITY,
    TIER,
    WARNINGS,
    WAVE,
)

_OUTCOME = Column("outcome", TEXT, "What was decided.", OUTCOMES)
_REVIEWED = Column("reviewed", FLAG, "Whether a reviewer decided about the photograph.")

DECISIONS = Table(
    "decisions.parquet",
    "One row per application, in the order of the ids.",
    (
        ID,
        NIK,
        _OUTCOME,
        LAYER,
        REASONS,
        WARNINGS,
        RETRY,
        TIER,
        DRAW,
        POSITION,
        RANK,
        SIMILARITY,
        PROVINCE,
        SEX,
        Column("age", pa.int16(), "Age on the closing day, by the register's birth date."),
        Column("selfie_verified", FLAG, "Whether the photograph was looked at in this wave."),
        Column("selfie_decision", TEXT, "What the comparison of the photographs found.", SELFIE_DECISIONS),
        _REVIEWED,
        FROM_WAVE,
    ),
)

COHORT = Table(
    "cohort.parquet",
    "One row per accepted person, in the order of the ranks.",
    (WAVE, RANK, ID, NIK, FULL_NAME, PROVINCE, TIER, DRAW),
)

RESERVE = Table(
    "reserve.parquet",
    "One row per eligible person without a place, in the order of the positions.",
    tuple(POSITION if column is RANK else column for column in COHORT.columns),
)

REJECTIONS = Table(
    "rejections.parquet",
    "One row per rejected application.",
    (
        ID,
        Column("nik_masked", TEXT, "The first four digits of the NIK, province and regency; the rest is hidden."),
        LAYER,
        REASONS,
        RETRY,
        MESSAGE_ID,
        MESSAGE_EN,
    ),
)

REVIEW = Table(
    "review.parquet",
    "One row per application that a person must decide.",
    (ID, REASONS, SIMILARITY, *DEFECT_SCORES, FACES, SELFIE, REFERENCE, OTHER_APPLICATIONS, *CARD_FINDINGS),
)

#: The next wave reads it.
RETRIES = Table(
    "retries.parquet",
    "One row per application that needs only a new photograph, as it was made.",
    (*(column for column in REGISTRATIONS.columns if column.required), FROM_WAVE),
)

REUPLOADED = Table(
    "reuploads.parquet",
    "One row per re-upload that had an id: what became of it.",
    (
        *REUPLOADS.columns,
        Column("problem", TEXT, "Why it was not taken in; null: it was taken in."),
        MESSAGE_ID,
        MESSAGE_EN,
    ),
)

#: Text messages and e-mails of one outcome.
_WORDS = tuple(
    Column(f"{part}_{code}", TEXT, f"{what} in {language}.")
    for part, what in (("sms", "The text message"), ("subject", "The e-mail's subject"), ("email", "The e-mail"))
    for code, language in (("id", "Indonesian"), ("en", "English"))
)
_LETTER = Column("letter", pa.int32(), "The number of the letter: letters with the same words have the same number.")
_UNTIL = Column("until", TIMESTAMP, "Until when the applicant may send something again, or null.")

LETTERS = Table(
    "letters.parquet",
    "One row per kind of letter.",
    (
        _LETTER,
        _OUTCOME,
        REASONS,
        _REVIEWED,
        Column("matched", FLAG, "Whether the selfie was found to show the register's person."),
        RETRY,
        _UNTIL,
        *_WORDS,
    ),
)

NOTICES = Table(
    "notices.parquet",
    "One row per application: the message that the applicant gets.",
    (
        ID,
        _OUTCOME,
        RETRY,
        _UNTIL,
        *_WORDS,
        _LETTER,
        Column("phone", TEXT, "The phone number in digits, country code first; null where it is not confirmed."),
        Column("email", TEXT, "The e-mail address; null where it is not confirmed."),
        LANGUAGE,
        Column("code", TEXT, "The short code by which a helpdesk finds the application."),
    ),
)
