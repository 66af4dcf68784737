"""The columns of every table that comes in, goes out or passes between two rooms, once, as Arrow schemas.

The edges (IN, OUT) are promises to others: columns may be added, never renamed or dropped. The tables in between
(WORK) are ours.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.reasons import DEFECTS

TEXTS = pa.list_(pa.string())
TIME = pa.timestamp("us")

# --- in -----------------------------------------------------------------------------------------------------------

REGISTRATIONS = pa.schema(
    [
        ("registration_id", pa.string()),
        ("submitted_at", TIME),
        ("nik", pa.string()),
        ("kk", pa.string()),
        ("full_name", pa.string()),
        ("birth_date", pa.date32()),
        ("sex", pa.string()),
        ("phone", pa.string()),
        ("phone_verified", pa.bool_()),
        ("email", pa.string()),
        ("email_verified", pa.bool_()),
        ("province_code", pa.string()),
        ("selfie", pa.string()),
    ]
)

REUPLOADS = pa.schema(
    [("registration_id", pa.string()), ("from_wave", pa.int32()), ("submitted_at", TIME), ("selfie", pa.string())]
)

REVIEWS = pa.schema(
    [
        ("registration_id", pa.string()),
        ("decision", pa.string()),
        ("reviewer", pa.string()),
        ("decided_at", TIME),
        ("note", pa.string()),
    ]
)

#: NIK and KK of an extract: text(16) or 64-bit integers, either is read.
POPULATION = pa.schema(
    [
        ("nik", pa.string()),
        ("kk", pa.string()),
        ("full_name", pa.string()),
        ("birth_date", pa.date32()),
        ("sex", pa.string()),
        ("citizenship", pa.string()),
        ("alive", pa.bool_()),
        ("occupation", pa.string()),
        ("province_code", pa.string()),
        ("photo", pa.string()),
    ]
)

EDUCATION = pa.schema(
    [("nik", pa.string()), ("register", pa.string()), ("level", pa.string()), ("status", pa.string())]
)
BANSOS = pa.schema([("nik", pa.string()), ("programme", pa.string()), ("status", pa.string())])
PRIORITY = pa.schema([("nik", pa.string()), ("listed_by", pa.string())])
BLACKLIST = pa.schema([("nik", pa.string()), ("reason", pa.string()), ("since", pa.date32())])

#: Extracts by name: schema, and whether a wave can do without.
EXTRACTS: dict[str, tuple[pa.Schema, bool]] = {
    "population": (POPULATION, False),
    "education": (EDUCATION, False),
    "bansos": (BANSOS, False),
    "priority": (PRIORITY, True),
    "blacklist": (BLACKLIST, True),
}

# --- out ----------------------------------------------------------------------------------------------------------

OUTCOMES = ("accepted", "reserve", "rejected", "review")
TIERS = ("priority", "public")

DECISIONS = pa.schema(
    [
        ("registration_id", pa.string()),
        ("nik", pa.string()),
        ("outcome", pa.string()),
        ("layer", pa.string()),
        ("reasons", TEXTS),
        ("warnings", TEXTS),
        ("retry", pa.string()),
        ("tier", pa.string()),
        ("draw", pa.string()),
        ("position", pa.int64()),
        ("rank", pa.int64()),
        ("similarity", pa.float64()),
        # ours, beyond the contract: what reports group by, and whether the photograph was looked at in this wave
        ("province_code", pa.string()),
        ("sex", pa.string()),
        ("age", pa.int16()),
        ("selfie_verified", pa.bool_()),
        ("selfie_decision", pa.string()),
        ("reviewed", pa.bool_()),  # a reviewer decided about the photograph
        ("from_wave", pa.int32()),  # where the application was made, if it came back with a new photograph
    ]
)

COHORT = pa.schema(
    [
        ("wave", pa.int32()),
        ("rank", pa.int64()),
        ("registration_id", pa.string()),
        ("nik", pa.string()),
        ("full_name", pa.string()),
        ("province_code", pa.string()),
        ("tier", pa.string()),
        ("draw", pa.string()),
    ]
)

RESERVE = pa.schema([pa.field("position", f.type) if f.name == "rank" else f for f in COHORT])

REJECTIONS = pa.schema(
    [
        ("registration_id", pa.string()),
        ("nik_masked", pa.string()),
        ("layer", pa.string()),
        ("reasons", TEXTS),
        ("retry", pa.string()),
        ("message_id", pa.string()),
        ("message_en", pa.string()),
    ]
)

#: ``retries.parquet``: the applications that only need a new photograph, as they were made: the next wave reads them.
RETRIES = pa.schema([*REGISTRATIONS, ("from_wave", pa.int32())])

#: ``reuploads.parquet``: what became of every photo-only re-upload; ``problem`` is null where it was taken in.
REUPLOADED = pa.schema([*REUPLOADS, ("problem", pa.string()), ("message_id", pa.string()), ("message_en", pa.string())])

#: ``published/wave-NNNN/rev-N/ledger.parquet``: everybody who holds a place, in every wave's newest revision.
LEDGER = pa.schema(
    [
        ("wave", pa.int32()),
        ("revision", pa.int32()),
        ("rank", pa.int64()),
        ("registration_id", pa.string()),
        ("nik", pa.string()),
    ]
)

#: ``published/…/changes.parquet``: this revision against what stood before (the run's cohort, the revision before).
CHANGES = pa.schema(
    [
        ("against", pa.string()),  # run, revision
        ("registration_id", pa.string()),
        ("change", pa.string()),  # removed, added, moved
        ("rank_before", pa.int64()),
        ("rank_after", pa.int64()),
        ("reasons", TEXTS),  # of those removed by the last screening
        ("message_id", pa.string()),
        ("message_en", pa.string()),
    ]
)

#: Another application with the same face or the same picture, named to the reviewer alone. ``similarity`` is the cosine
#: of the two descriptors, null without two faces; ``same_file``: the same picture, or nearly.
OTHERS = pa.list_(
    pa.struct(
        [
            ("wave", pa.int32()),
            ("registration_id", pa.string()),
            ("selfie", pa.string()),
            ("similarity", pa.float64()),
            ("same_file", pa.bool_()),
        ]
    )
)

REVIEW = pa.schema(
    [
        ("registration_id", pa.string()),
        ("reasons", TEXTS),
        ("similarity", pa.float64()),
        *((defect, pa.float64()) for defect in DEFECTS),
        ("faces", pa.int32()),
        ("selfie", pa.string()),
        ("reference", pa.string()),
        ("others", OTHERS),
    ]
)

#: ``compare-all``: one row per candidate pair, nearest first.
PHOTO_CANDIDATES = pa.schema(
    [("one", pa.string()), ("other", pa.string()), ("similarity", pa.float64()), ("same_file", pa.bool_())]
)

# --- between rooms, below DATA/work/wave-NNNN/ ---------------------------------------------------------------------

#: ``registrations.parquet``: what ingest read, sorted by registration_id; no row without an id, no id twice. ``number``
#: and ``kk_number`` are ``nik`` and ``kk`` as numbers, null where they are not sixteen digits: text at the edges only.
INGESTED = pa.schema([*RETRIES, ("number", pa.int64()), ("kk_number", pa.int64())])

#: ``set_aside.parquet``: rows that ingest could not take in, so that none vanishes from the counts.
#: ``line`` is 0 where it is not known, and where a file has more such rows than are named: ``rows`` counts them.
SET_ASIDE = pa.schema([("file", pa.string()), ("line", pa.int64()), ("problem", pa.string()), ("rows", pa.int64())])

#: ``repeated.parquet``: the registration_ids that stand on several rows; none of these rows is read.
REPEATED = pa.schema([("registration_id", pa.string())])

#: ``screened.parquet``: one row per application, in no order: whoever reads it sorts what they write. Bit n of ``mask``
#: is reason n of the catalogue (layers 1-3), bit n of ``warned`` warning n; eligible means no reason, a mask of 0.
#: ``reference`` is the register's photo.
SCREENED = pa.schema(
    [
        ("registration_id", pa.string()),
        ("nik", pa.string()),
        ("full_name", pa.string()),
        ("province_code", pa.string()),
        ("sex", pa.string()),
        ("age", pa.int16()),
        ("mask", pa.int64()),
        ("warned", pa.int64()),
        ("tier", pa.string()),
        ("selfie", pa.string()),
        ("reference", pa.string()),
        ("shared_nik", pa.bool_()),  # the register gives the NIK to two people: no place without a reviewer
        ("contested", pa.bool_()),  # two sound applications of the person differ in phone and e-mail
    ]
)

#: ``drawn.parquet``: everyone eligible in draw order. ``position`` counts from 1 (priority first);
#: ``to_verify`` marks the first round of selfies.
DRAWN = pa.schema(
    [
        ("position", pa.int64()),
        ("registration_id", pa.string()),
        ("tier", pa.string()),
        ("selfie", pa.string()),
        ("reference", pa.string()),
        ("to_verify", pa.bool_()),
    ]
)

#: ``shards/*.parquet``: the selfies that one task verifies.
SHARD = pa.schema([("registration_id", pa.string()), ("selfie", pa.string()), ("reference", pa.string())])

#: ``verdicts/*.parquet``: what the selfie stage saw and what follows from it, one row per verified application.
VERDICTS = pa.schema(
    [
        ("registration_id", pa.string()),
        ("outcome", pa.string()),  # passed, review, rejected
        ("reasons", TEXTS),
        ("warnings", TEXTS),
        ("decision", pa.string()),  # match, doubt, mismatch, unusable
        ("similarity", pa.float64()),
        *((defect, pa.float64()) for defect in DEFECTS),
        ("faces", pa.int32()),
        ("selfie_sha256", pa.string()),  # of the files that were looked at
        ("reference_sha256", pa.string()),
    ]
)

#: ``same_person.parquet``: who would pass and shares a face or a picture with another application: ``reasons`` are the
#: reasons to have a person look at it, added to those of the verdict. Sorted by registration_id.
SAME_PERSON = pa.schema([("registration_id", pa.string()), ("reasons", TEXTS), ("others", OTHERS)])

#: ``verify-photos``: one row out per pair, in order.
PHOTO_PAIRS_OUT = pa.schema(
    [
        ("selfie", pa.string()),
        ("reference", pa.string()),
        ("decision", pa.string()),
        ("similarity", pa.float64()),
        ("reasons", TEXTS),
        *((defect, pa.float64()) for defect in DEFECTS),
        ("faces", pa.int32()),
    ]
)
