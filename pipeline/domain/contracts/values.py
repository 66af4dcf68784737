"""The values that a column may have, where they are a closed list, and the columns that several tables share."""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts.column import SCORE, TEXT, TEXT_LIST, TIMESTAMP, Column
from pipeline.domain.reasons import DEFECTS, LAYERS, RETRIES

SEXES = ("L", "P")
CITIZENSHIPS = ("WNI", "WNA")
SCHOOL_REGISTERS = ("dapodik", "pddikti", "emis")
SCHOOL_STATUSES = ("active", "graduated", "left")
AID_STATUSES = ("active", "ended")
REVIEW_DECISIONS = ("accept", "reject")
OUTCOMES = ("accepted", "reserve", "rejected", "review")
TIERS = ("priority", "public")
SELFIE_OUTCOMES = ("passed", "review", "rejected")
SELFIE_DECISIONS = ("match", "doubt", "mismatch", "unusable")
CARD_STATES = ("agrees", "differs", "unreadable", "missing", "seen")

LANGUAGE = Column("language", TEXT, "The language to write in; null: the setting.", ("id", "en"))
ID = Column("registration_id", TEXT, "The application's id, unique in a wave.")
NIK = Column("nik", TEXT, "The person's number, sixteen digits.")
FULL_NAME = Column("full_name", TEXT, "The person's name as the application has it.")
PROVINCE = Column("province_code", TEXT, "The province where the applicant lives, two digits.")
SEX = Column("sex", TEXT, "The person's sex: L is male, P is female.", SEXES)
SELFIE = Column("selfie", TEXT, "Path of the photograph below `selfies/`, or null.")
REFERENCE = Column("reference", TEXT, "Path of the register's photograph below `photos/`, or null.")
LAYER = Column("layer", TEXT, "The first layer that the application failed, or null.", LAYERS)
REASONS = Column("reasons", TEXT_LIST, "Every reason that holds, not only the first, in the order of the catalogue.")
WARNINGS = Column("warnings", TEXT_LIST, "What was noticed and decides nothing.")
RETRY = Column("retry", TEXT, "What a refused applicant may send again.", RETRIES)
TIER = Column("tier", TEXT, "Whether a ministry lists the person (`priority`) or not (`public`).", TIERS)
DRAW = Column("draw", TEXT, "The application's draw: a SHA-256 in hex.")
TICKET = Column("ticket", TEXT, "The person's ticket in the draw (waves with a beacon only), or null.")
RANK = Column("rank", pa.int64(), "The place among the accepted, from 1.")
POSITION = Column("position", pa.int64(), "The place among everyone eligible, from 1, priority first.")
WAVE = Column("wave", pa.int32(), "The wave's number.")
SIMILARITY = Column("similarity", SCORE, "Calibrated similarity of selfie and reference photograph; null without both.")
FACES = Column("faces", pa.int32(), "How many faces the selfie shows.")
CARD = Column(
    "card",
    TEXT,
    "The identity card in the selfie against the NIK; `seen`: no NIK was given; null: no card was looked for.",
    CARD_STATES,
)
CARD_SCORE = Column(
    "card_score", SCORE, "How likely the NIK is on the card against the likeliest other number; null: not compared."
)
CARD_FACE = Column(
    "card_face",
    SCORE,
    "How alike the card's portrait is to the selfie and to the register's photograph, the smaller of the two; null: "
    "not compared. Only close calls are, with a card that agrees.",
)
#: What is known of the card in a selfie, in every table that has it.
CARD_FINDINGS = (CARD, CARD_SCORE, CARD_FACE)
FROM_WAVE = Column("from_wave", pa.int32(), "The wave where the application was made, if it came back; else null.")
SUBMITTED = Column("submitted_at", TIMESTAMP, "When it was sent; a time without an offset is WIB.")
MESSAGE_ID = Column("message_id", TEXT, "What the applicant reads, in Indonesian.")
MESSAGE_EN = Column("message_en", TEXT, "What the applicant reads, in English.")
DEFECT_SCORES = tuple(Column(name, SCORE, f"Score of `{name}`: 0 no sign of it, 1 certain.") for name in DEFECTS)

_OTHER = [("wave", pa.int32()), ("registration_id", TEXT), ("selfie", TEXT), ("similarity", SCORE)]
#: Another application with the same face or the same picture, named to the reviewer alone. ``similarity`` is the cosine
#: of the two descriptors, null without two faces; ``same_file``: the same picture, or nearly.
OTHERS = pa.list_(pa.struct([*_OTHER, ("same_file", pa.bool_())]))
OTHER_APPLICATIONS = Column("others", OTHERS, "Other applications with the same face or the same picture.")
