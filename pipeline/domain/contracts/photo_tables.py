"""Tables that ``verify-photos`` and ``compare-all`` write. A promise to their readers."""

from __future__ import annotations

from pipeline.domain.contracts.column import FLAG, SCORE, TEXT, TEXT_LIST, Column, Table
from pipeline.domain.contracts.values import CARD_FINDINGS, DEFECT_SCORES, FACES, SELFIE_DECISIONS, SIMILARITY

PHOTO_PAIRS_OUT = Table(
    "verify-photos",
    "One row per pair, in the order of the input.",
    (
        Column("selfie", TEXT, "Path of the selfie, as given."),
        Column("reference", TEXT, "Path of the reference photograph, as given; may be empty."),
        Column("decision", TEXT, "What the comparison found; null without a reference.", SELFIE_DECISIONS),
        SIMILARITY,
        Column("reasons", TEXT_LIST, "Every defect at or above its operating point, and any other code of the selfie."),
        *DEFECT_SCORES,
        FACES,
        *CARD_FINDINGS,
    ),
)

PHOTO_CANDIDATES = Table(
    "compare-all",
    "One row per candidate pair of one face or one picture, nearest first.",
    (
        Column("one", TEXT, "Path of one photograph."),
        Column("other", TEXT, "Path of the other photograph."),
        Column("similarity", SCORE, "Cosine of the two descriptors; null without two faces."),
        Column("same_file", FLAG, "Whether it is the same picture, or nearly."),
    ),
)
